"""Write `deploy/docs/settings.md` from the settings classes. Run from the repository's root."""

from pathlib import Path

from quoter.settings import settings_page

PAGE = Path("deploy/docs/settings.md")

if __name__ == "__main__":
    PAGE.write_text(settings_page())
