"""What is fetched from the web, from a server of this machine; and what is said where there is no network."""

import hashlib
import io
import json
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from test_factors import PUBLISHED
from test_workflow import copy_project, micro_config, snakemake

from isogloss.factors.corpora import read_flores
from isogloss.factors.downloads import DownloadError, common_crawl_counts, fetch_flores, flores_splits
from isogloss.factors.shares import common_crawl_shares

NOWHERE = "http://127.0.0.1:9/flores200_dataset.tar.gz"  # nobody listens there


def archive(**others: str) -> bytes:
    """Two languages of two sentences, and what else is in the real archive or should not be."""
    files = {
        f"./flores200_dataset/{split}/{name}.{split}": f"{name} one\n{name} two\n"
        for split in ("dev", "devtest")
        for name in ("eng_Latn", "fra_Latn")
    }
    files |= {"./flores200_dataset/README": "read me", "../../dev/../escaped.dev": "out"} | others
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("./flores200_dataset/dev/deu_Latn.dev")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    return packed.getvalue()


@pytest.fixture
def web():
    """(address, pages by path, requests made)."""
    pages, asked = {}, []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = pages.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", pages, asked
    server.shutdown()
    server.server_close()


def fetched(web, folder, data: bytes) -> dict:
    address, pages, _ = web
    pages["/flores.tar.gz"] = data
    return fetch_flores(folder, f"{address}/flores.tar.gz", hashlib.sha256(data).hexdigest())


def test_flores_is_fetched_once(web, tmp_path, languages):
    folder = tmp_path / "flores200"
    assert fetched(web, folder, archive()) == {split: {"languages": 2, "sentences": 2} for split in ("dev", "devtest")}
    corpus = read_flores(folder, [languages["eng"], languages["fra"]])
    assert corpus.sentences["fra"] == ["fra_Latn one", "fra_Latn two"]
    there = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    names = [f"flores200/{split}/{name}.{split}" for split in ("dev", "devtest") for name in ("eng_Latn", "fra_Latn")]
    assert there == names, "no link, nothing outside the folder, no draft"
    mine = folder / "dev/eng_Latn.dev"
    mine.write_text("mine one\nmine two\n", encoding="utf-8")
    fetched(web, folder, archive())
    assert mine.read_text(encoding="utf-8") == "mine one\nmine two\n", "what is there is left alone"
    assert web[2] == ["/flores.tar.gz"]


def test_another_archive_is_refused(web, tmp_path):
    web[1]["/flores.tar.gz"] = archive()
    with pytest.raises(DownloadError, match=r"not the archive that was expected .* nothing was unpacked"):
        fetch_flores(tmp_path / "flores200", f"{web[0]}/flores.tar.gz")
    uneven = archive(**{"./flores200_dataset/dev/zul_Latn.dev": "one\n"})
    with pytest.raises(ValueError, match=r"not FLORES-200 \(zul_Latn.dev has 1 sentences, not 2\)"):
        fetched(web, tmp_path / "flores200", uneven)
    assert not (tmp_path / "flores200").exists()


def test_a_folder_with_other_things_is_left_alone(web, tmp_path):
    (tmp_path / "flores200").mkdir()
    (tmp_path / "flores200/notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"no dev/\*.dev; no devtest/\*.devtest\); move it away"):
        fetched(web, tmp_path / "flores200", archive())
    assert [path.name for path in (tmp_path / "flores200").iterdir()] == ["notes.txt"]
    assert web[2] == []
    with pytest.raises(ValueError, match="not FLORES-200"):
        flores_splits(tmp_path / "none")


def test_without_a_network_it_is_said_what_to_do(web, tmp_path):
    for url in (NOWHERE, f"{web[0]}/gone.tar.gz"):
        with pytest.raises(DownloadError) as error:
            fetch_flores(tmp_path / "flores200", url)
        for part in (url, f"tar xzf flores200_dataset.tar.gz --strip-components=1 -C {tmp_path}", "explain: {flores: FOLDER}"):
            assert part in str(error.value)
    with pytest.raises(DownloadError, match=r"leave explain: \{shares: ...\} out"):
        common_crawl_counts(NOWHERE)


def test_common_crawl_is_read_as_it_is_published(web):
    web[1]["/languages.csv"] = PUBLISHED.encode()
    assert common_crawl_shares(common_crawl_counts(f"{web[0]}/languages.csv"))["iso639_3"].to_list() == ["eng", "nob", "fra"]


def test_rules_that_fetch(tmp_path, monkeypatch):
    """Offline the job's log says what to do; with the sentences in their place nothing is fetched; and nothing needs either."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    project = copy_project(tmp_path, micro_config())
    text = snakemake(project, "flores", "common_crawl_shares", "--keep-going", check=False)
    assert "Error in rule flores" in text
    assert "Error in rule common_crawl_shares" in text
    said = (project / "results/logs/flores.log").read_text(encoding="utf-8")
    assert "--strip-components=1 -C data/flores200" in said
    assert "explain: {shares: ...}" in (project / "results/logs/common_crawl_shares.log").read_text(encoding="utf-8")
    for split in ("dev", "devtest"):
        (project / f"data/flores200/{split}").mkdir(parents=True)
        (project / f"data/flores200/{split}/eng_Latn.{split}").write_text("one\ntwo\n", encoding="utf-8")
    snakemake(project, "flores")
    found = json.loads((project / "results/factors/flores200.json").read_text(encoding="utf-8"))
    assert found["dev"] == {"languages": 1, "sentences": 2}
    assert not {"flores", "common_crawl_shares"} & set(snakemake(project, "--dry-run", "--forceall").split())
