"""What holds for the store of calls and the store of results whatever is done to them, in whatever order."""

import json
import shutil
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from isogloss.remote.store import CallStore
from isogloss.store import Store, key_of

KEYS = st.sampled_from("abc") | st.text(max_size=2)
TIMES = st.sampled_from([1.0, 2.0, 3.0])
SPENT = st.sampled_from([0.0, 0.25, 0.5])  # sums of these are exact
# Lines that are no records: what a torn write leaves, JSON of other shapes, records with fields of other types
RUBBISH = (
    st.binary(max_size=12).filter(lambda line: b"\n" not in line and not line.strip().startswith(b"{"))
    | st.sampled_from(["null", "3", "[]", '"key"', "{}", '{"key": "a"', '{"key": []}', '{"key": 1, "usd": 1}', "[" * 9000]).map(
        str.encode
    )
    | st.sampled_from([{"usd": "1"}, {"usd": None}, {"time": "1"}, {"time": []}, {"usd": float("nan")}]).map(
        lambda wrong: json.dumps({"key": "a", **wrong}).encode()
    )
)


class TwoStores(RuleBasedStateMachine):
    """Two processes that share a folder, and a third that was killed in the middle of a line, or writes rubbish."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.stores = [CallStore(self.folder), CallStore(self.folder)]
        self.written: list[dict] = []
        self.third = 0
        self.filter = warnings.catch_warnings()
        self.filter.__enter__()
        warnings.simplefilter("ignore")

    def teardown(self):
        self.filter.__exit__(None, None, None)
        shutil.rmtree(self.folder)

    def expected(self, key: str) -> float | None:
        """The time of the earliest record."""
        return min((record["time"] for record in self.written if record["key"] == key), default=None)

    @rule(who=st.integers(0, 1), key=KEYS, time=TIMES, usd=SPENT)
    def put(self, who, key, time, usd):
        self.stores[who].put(key, {"time": time, "usd": usd})
        self.written.append({"key": key, "time": time, "usd": usd})
        assert self.stores[who].get(key)["time"] <= time, "a record of one's own is there at once"

    @rule(key=KEYS, time=TIMES, usd=SPENT, cut=st.integers(0, 60), then=RUBBISH | st.none())
    def killed(self, key, time, usd, cut, then):
        """A whole record, then one cut off somewhere (at 0 nothing, so that the line may also be whole rubbish)."""
        self.third += 1
        whole = json.dumps({"key": key, "time": time, "usd": usd}).encode() + b"\n"
        torn = whole[: min(cut, len(whole) - 2)]
        rubbish = [] if then is None else [then + b"\n"]
        (self.folder / f"third-{self.third}.jsonl").write_bytes(b"".join([*rubbish, whole, torn]))
        self.written.append({"key": key, "time": time, "usd": usd})

    @rule(who=st.integers(0, 1))
    def refresh(self, who):
        self.stores[who].refresh()
        self.agrees(self.stores[who])

    @rule(who=st.integers(0, 1))
    def reopened(self, who):
        self.stores[who] = CallStore(self.folder)
        self.agrees(self.stores[who])

    @rule(who=st.integers(0, 1), key=KEYS)
    def claims(self, who, key):
        """Asked for again by whom it was made, or by the other: never."""
        name = self.stores[who].claim([key], 0.25, 60)
        assert (name is None) == (self.expected(key) is not None)
        if name:
            assert self.stores[1 - who].claim([key], 0.25, 60) is None, "it is being asked"
            self.stores[who].release(name)

    def agrees(self, store):
        for key in {record["key"] for record in self.written}:
            assert store.get(key)["time"] == self.expected(key)
        assert store.spent == sum(record["usd"] for record in self.written)
        assert store.get("never put") is None


TestTwoStores = TwoStores.TestCase
TestTwoStores.settings = settings(max_examples=60, stateful_step_count=20)


@given(lines=st.lists(RUBBISH, min_size=1, max_size=3))
@settings(max_examples=100)
def test_rubbish_between_records_costs_nothing_but_a_note(lines):
    record = json.dumps({"key": "b", "time": 1.0, "usd": 0.5, "answer": "Ja\u2028!"}).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.jsonl"
        path.write_bytes(b"\n".join([record, *lines, record.replace(b'"b"', b'"c"'), b""]))
        with pytest.warns(UserWarning, match=r"one.jsonl, byte \d+: damaged record") as notes:
            store = CallStore(folder)
    # files of other tests' stores are closed, with a note, whenever Python gets to it
    assert sum("damaged record" in str(note.message) for note in notes) == len(lines)
    assert (store.get("b") or {}).get("answer") == (store.get("c") or {}).get("answer") == "Ja\u2028!"
    assert store.spent == 1.0
    assert store.get("a") is None


@given(st.lists(st.tuples(st.sampled_from(["at once", "begun", "end first"]), KEYS, TIMES), max_size=20))
def test_a_line_that_grows_is_taken_once_it_is_whole(puts):
    """As network file systems show what another machine writes: a part of a line, which may be its end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "other.jsonl"
        path.touch()
        store, known = CallStore(folder), {}
        for seen, key, time in puts:
            line = json.dumps({"key": key, "time": time}).encode() + b"\n"
            shown = {"at once": line, "begun": line[:5], "end first": bytes(5) + line[5:]}[seen]
            start = path.stat().st_size
            with path.open("r+b") as file:
                file.seek(start)
                file.write(shown)
                file.flush()
                store.refresh()
                if seen != "at once":
                    assert (store.get(key) or {}).get("time") == known.get(key)
                file.seek(start)
                file.write(line)
            known[key] = min(time, known.get(key, time))
            store.refresh()
            assert store.get(key)["time"] == known[key]
        assert {key: store.get(key)["time"] for key in known} == known


class Results(RuleBasedStateMachine):
    """Entries of one key in the store of results, as two processes see them."""

    @initialize()
    def begin(self):
        self.root = Path(tempfile.mkdtemp())
        self.stores = [Store(self.root, "key") for _ in range(2)]
        self.known: dict[str, str] = {}

    def teardown(self):
        shutil.rmtree(self.root)

    @rule(who=st.integers(0, 1), name=st.sampled_from(["epoch-1", "epoch-2"]), text=st.text(st.characters(codec="utf-8")))
    def put(self, who, name, text):
        self.stores[who].put(name, lambda folder: (folder / "x").write_text(text, encoding="utf-8", newline=""))
        self.known.setdefault(name, text)

    @rule(who=st.integers(0, 1), name=st.sampled_from(["epoch-1", "epoch-2"]))
    def fails(self, who, name):
        def write(folder):
            (folder / "x").write_text("half", encoding="utf-8")
            raise RuntimeError("killed")

        with pytest.raises(RuntimeError, match="killed"):
            self.stores[who].put(name, write)

    @rule(who=st.integers(0, 1), name=st.sampled_from(["epoch-1", "epoch-2"]))
    def drop(self, who, name):
        self.stores[who].drop(name)
        self.known.pop(name, None)

    @invariant()
    def entries_are_whole_or_absent(self):
        for store in self.stores if hasattr(self, "stores") else ():
            for name in ("epoch-1", "epoch-2"):
                found = store.get(name)
                assert (found and (found / "x").read_bytes().decode()) == self.known.get(name)
            left = {path.name for path in store.folder.iterdir()} if store.folder.is_dir() else set()
            assert left == set(self.known), "no draft is left"


TestResults = Results.TestCase
TestResults.settings = settings(max_examples=40, stateful_step_count=15)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_keys_are_equal_where_contents_are(one, other):
    assert key_of(json.loads(json.dumps(one))) == key_of(one)
    assert (key_of(one) == key_of(other)) == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))
    if isinstance(one, dict):
        assert key_of(dict(reversed(one.items()))) == key_of(one)
