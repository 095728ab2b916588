"""Where things lie at run time: paths only, nothing here touches a disk (DESIGN, "Where things lie at run time")."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """One installation: the folder that holds its settings, drops, batches and store."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """Settings of the service."""
        return self.root / "rosterdrop.toml"

    @property
    def accounts_file(self) -> Path:
        """Accounts with rights, keys and password hashes."""
        return self.root / "accounts.toml"

    @property
    def profiles(self) -> Path:
        """The folder of the districts' profiles."""
        return self.root / "districts"

    def profile_file(self, district: str) -> Path:
        """The profile of one district."""
        return self.profiles / f"{district}.toml"

    @property
    def keys(self) -> Path:
        """SSH host keys."""
        return self.root / "keys"

    @property
    def drops(self) -> Path:
        """What accounts see over SFTP, a folder for each district."""
        return self.root / "drops"

    def drop(self, district: str) -> Path:
        """The drop of one district."""
        return self.drops / district

    def test_drop(self, district: str) -> Path:
        """The second drop, whose batches are judged and never applied."""
        return self.drop(district) / "test"

    def reports(self, district: str, *, test: bool = False) -> Path:
        """Where a district reads its reports; read-only to every account."""
        return (self.test_drop(district) if test else self.drop(district)) / "reports"

    def summaries(self, district: str, *, test: bool = False) -> Path:
        """The masked twin of `reports`, which accounts with the right `summaries` alone see in its place."""
        return self.root / "summaries" / district / ("test" if test else "main")

    @property
    def uploads(self) -> Path:
        """Uploads that are not finished."""
        return self.root / "uploads"

    @property
    def gateway_db(self) -> Path:
        """Journal of arrivals and open writes."""
        return self.root / "gateway.db"

    @property
    def batches(self) -> Path:
        """The folder of all batches."""
        return self.root / "batches"

    def batch(self, district: str, number: int) -> Path:
        """The folder of one batch: frozen files, profile, findings, report."""
        return self.batches / district / str(number)

    @property
    def store_db(self) -> Path:
        """The Connect store and the ledger."""
        return self.root / "store" / "connect.db"

    @property
    def restoring(self) -> Path:
        """What a restore still has to put in its place; there only while it does, or where it died meanwhile."""
        return self.root / "store" / "restoring.json"

    @property
    def audit(self) -> Path:
        """One JSON line for each thing that an account did."""
        return self.root / "audit"

    @property
    def audit_key(self) -> Path:
        """What the audit seals words with that it must not tell."""
        return self.keys / "audit_key"

    @property
    def locks(self) -> Path:
        """Who works on this home."""
        return self.root / "locks"

    def drop_lock(self, district: str, drop: str) -> Path:
        """Who changes names in a drop."""
        return self.locks / f"drop-{district}-{drop}.lock"
