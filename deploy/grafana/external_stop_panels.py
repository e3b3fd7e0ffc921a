"""Row about the external stops (sentinel, dead man's switch) and the kill latch on disk."""

from deploy.grafana.queries import numbered, value
from deploy.grafana.shapes import BLUE, GREEN, GREY, ORANGE, RED, YELLOW, Panel, Query, Row

DAEMON_STATES = (
    ("absent", GREY),
    ("unreadable", "dark-purple"),
    ("other_market", "purple"),
    ("starting", YELLOW),
    ("alive", GREEN),
    ("killed", ORANGE),
    ("silent", RED),
    ("stopped", BLUE),
)

EXTERNAL_STOPS = Row(
    title="What cancels our orders if the daemon dies?",
    panels=(
        Panel(
            title="Active external stops",
            description="1 while the sentinel, or the venue's dead man's switch, would cancel our "
            "orders if the daemon died. With both at 0 nothing would.",
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
            description="By its heartbeat alone. silent: dead, frozen or hung, and killed by the "
            "sentinel. other_market: it trades another market than the sentinel is set to. A "
            "daemon in that state, or with an unreadable heartbeat, is not protected.",
            unit="none",
            kind="state-timeline",
            width=8,
            queries=(
                Query(
                    expression=numbered(
                        "quoter_sentinel_daemon_state",
                        "state",
                        tuple(name for name, _ in DAEMON_STATES),
                    ),
                    legend="{{symbol}}",
                ),
            ),
            mappings=tuple(
                (str(number), name, colour)
                for number, (name, colour) in enumerate(DAEMON_STATES, start=1)
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
            title="Kills by the sentinel",
            description="Kills and cancelled orders since the sentinel's start; own orders that "
            "its last cancel run found. Normally zero.",
            unit="short",
            width=8,
            queries=(
                value("quoter_sentinel_kills_total", "kills {{symbol}}", RED),
                value("quoter_sentinel_cancelled_orders_total", "cancelled {{symbol}}", ORANGE),
                value("quoter_sentinel_own_orders", "found {{symbol}}", GREY),
            ),
        ),
        Panel(
            title="Dead man's switch",
            description="Time since the venue's switch was last armed, and the time at which it "
            "cancels every order of the account (QUOTER_DEAD_MAN). 0 and no age: it is off.",
            unit="s",
            width=8,
            queries=(
                value("quoter_dead_man_age_seconds", "age {{symbol}}", BLUE),
                value("quoter_dead_man_timeout_seconds", "fires at {{symbol}}", ORANGE),
            ),
        ),
        Panel(
            title="Kills that are not on disk",
            description="1 while a kill latch of the daemon or of the sentinel is not on disk: a "
            "restart would lose the kill.",
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
