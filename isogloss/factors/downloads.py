"""What is fetched from the web about languages, where a config asks for it: FLORES-200, and Common Crawl's counts."""

import hashlib
import io
import os
import re
import shutil
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

from isogloss.paths import SHARES, SHARES_NOW

FLORES_URL = "https://dl.fbaipublicfiles.com/nllb/flores200_dataset.tar.gz"
# of its 25,585,843 bytes, as several projects that use it record it
FLORES_SHA256 = "b8b0b76783024b85797e5cc75064eb83fc5288b41e9654dabc7be6ae944011f6"
COMMON_CRAWL_URL = "https://commoncrawl.github.io/cc-crawl-statistics/plots/languages.csv"
SPLITS = ("dev", "devtest")
MEMBER = re.compile(r"(?:^|/)((dev|devtest)/[a-z]{3}_[A-Z][a-z]{3}\.\2)$")
TIMEOUT = 60  # seconds without an answer


class DownloadError(RuntimeError):
    """A file cannot be had; the message says what to do."""


def download(url: str, advice: str) -> bytes:
    """What is at an address. Raises DownloadError with what happened and `advice`."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            return answer.read()
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise DownloadError(f"{url} cannot be fetched ({getattr(error, 'reason', None) or error}); {advice}") from error


def common_crawl_counts(url: str = COMMON_CRAWL_URL) -> str:
    """The text of Common Crawl's table of pages by crawl and language. DownloadError if it cannot be had."""
    advice = (
        "where there is a network, run snakemake --cores 1 common_crawl_shares there and copy "
        f"{SHARES_NOW} here, or leave explain: {{shares: ...}} out, which takes {SHARES}"
    )
    return download(url, advice).decode("utf-8")


def fetch_flores(folder: str | Path, url: str = FLORES_URL, sha256: str = FLORES_SHA256) -> dict[str, dict[str, int]]:
    """Put dev and devtest of FLORES-200 into `folder`, as `{split}/{flores200}.{split}`; returns what `flores_splits` finds.

    What is there already is checked and otherwise left alone. Nothing of the archive is run, and nothing but the sentences is
    taken from it. Raises DownloadError if it cannot be had or is another one (by SHA-256), ValueError if the folder has other
    things in it, or splits that are not whole.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        return flores_splits(folder)
    advice = (
        f"where there is a network, download it, unpack it here with mkdir -p {folder} && tar xzf flores200_dataset.tar.gz "
        f"--strip-components=1 -C {folder}, and run the same command again; "
        "or unpack it elsewhere and write explain: {flores: FOLDER}"
    )
    archive = download(url, advice)
    if (found := hashlib.sha256(archive).hexdigest()) != sha256:
        raise DownloadError(f"{url} is not the archive that was expected (SHA-256 {found}, not {sha256}); nothing was unpacked")
    draft = folder.with_name(f".{folder.name}")
    shutil.rmtree(draft, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files:
            if member.isfile() and (place := MEMBER.search(member.name)):
                path = draft / place[1]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(files.extractfile(member).read())
    splits = flores_splits(draft)
    if folder.exists():
        folder.rmdir()
    os.replace(draft, folder)
    return splits


def flores_splits(folder: str | Path) -> dict[str, dict[str, int]]:
    """By split, how many languages and how many sentences (each a line, as many in each language) a folder of FLORES-200 has.

    Raises ValueError with everything that is wrong with it.
    """
    splits, problems = {}, []
    for split in SPLITS:
        files = sorted(Path(folder).glob(f"{split}/*.{split}"))
        lines = {path.name: path.read_text(encoding="utf-8").removesuffix("\n").count("\n") + 1 for path in files}
        usual = max(lines.values(), default=0)
        problems += [] if files else [f"no {split}/*.{split}"]
        problems += [f"{name} has {count} sentences, not {usual}" for name, count in lines.items() if count != usual]
        splits[split] = {"languages": len(files), "sentences": usual}
    if problems:
        raise ValueError(f"{folder} is not FLORES-200 ({'; '.join(problems)}); move it away, and run the same command again")
    return splits
