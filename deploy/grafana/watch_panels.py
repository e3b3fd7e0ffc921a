"""Who would stop us if we could not, and is a kill where a restart will find it."""

from deploy.grafana.queries import numbered, value
from deploy.grafana.shapes import BLUE, GREEN, GREY, ORANGE, RED, YELLOW, Panel, Query, Row

CORES = (
    ("absent", GREY),
    ("unreadable", "dark-purple"),
    ("other_market", "purple"),
    ("starting", YELLOW),
    ("alive", GREEN),
    ("killed", ORANGE),
    ("silent", RED),
    ("stopped", BLUE),
)

WATCHED = Row(
    title="Who would cancel if the daemon died",
    panels=(
        Panel(
            title="Who watches",
            description="1 while it would cancel our orders if the daemon died: the sentinel, and "
            "the venue's dead man's switch. With both at 0 nobody would.",
            unit="short",
            width=8,
            is_stepped=True,
            queries=(
                value(
                    "quoter_external_stop_active",
                    "sentinel {{symbol}}",
                    GREEN,
                    where='stop="sentinel"',
                ),
                value(
                    "quoter_external_stop_active",
                    "dead man {{symbol}}",
                    BLUE,
                    where='stop="dead_man"',
                ),
            ),
        ),
        Panel(
            title="The daemon, as the sentinel sees it",
            description="By its heartbeat alone: silent is dead, frozen or hung, and struck; a "
            "stranger trades another market than the sentinel was told to watch; one whose beat is "
            "unreadable is not watched either.",
            unit="none",
            kind="state-timeline",
            width=8,
            queries=(
                Query(
                    expression=numbered(
                        "quoter_sentinel_daemon_state", "state", tuple(name for name, _ in CORES)
                    ),
                    legend="{{symbol}}",
                ),
            ),
            mappings=tuple(
                (str(number), name, colour) for number, (name, colour) in enumerate(CORES, start=1)
            ),
        ),
        Panel(
            title="Heartbeat, as the sentinel sees it",
            description="Time since the daemon's heartbeat last changed, and since the venue last "
            "answered the sentinel. At QUOTER_HEARTBEAT_TIMEOUT_S of the first it cancels.",
            unit="s",
            width=8,
            queries=(
                value("quoter_sentinel_heartbeat_age_seconds", "heartbeat {{symbol}}", BLUE),
                value("quoter_sentinel_check_age_seconds", "venue {{symbol}}", GREY),
            ),
        ),
        Panel(
            title="What the sentinel did",
            description="Strikes (it cancelled and latched) and orders that it took out of the "
            "market, since its start; orders of ours that its last sweep found. Zero is good.",
            unit="short",
            width=8,
            queries=(
                value("quoter_sentinel_kills_total", "strikes {{symbol}}", RED),
                value("quoter_sentinel_cancelled_orders_total", "cancelled {{symbol}}", ORANGE),
                value("quoter_sentinel_own_orders", "found {{symbol}}", GREY),
            ),
        ),
        Panel(
            title="Dead man's switch",
            description="Since the venue's switch was last armed, and the age at which it cancels "
            "every order of the account: QUOTER_DEAD_MAN. 0 and no age: there is none.",
            unit="s",
            width=8,
            queries=(
                value("quoter_dead_man_age_seconds", "age {{symbol}}", BLUE),
                value("quoter_dead_man_timeout_seconds", "fires at {{symbol}}", ORANGE),
            ),
        ),
        Panel(
            title="Kills that are not on the disk",
            description="1 while the disk has not taken the latch of a kill, of the daemon or of "
            "the sentinel: a restart would forget it.",
            unit="short",
            width=8,
            is_stepped=True,
            queries=(
                value("quoter_latch_not_written", "daemon {{symbol}}", RED),
                value("quoter_sentinel_latch_not_written", "sentinel {{symbol}}", ORANGE),
            ),
        ),
    ),
)
