"""Corpora: cut as Unicode or white space says, counted, found beside their scenario only, and saved with a run."""

import dataclasses
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import jieba
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from langrl_gui.core import exports, runfile, scenario, work
from langrl_gui.core import text as texts
from langrl_gui.core.errors import RunFileError, ScenarioError, TextError
from langrl_gui.core.rewards.coherence import Associations
from langrl_gui.core.rewards.fluency import NGrams
from langrl_gui.core.text import TOKENIZERS, mark, read_corpus
from langrl_gui.core.trainer import Trainer
from tests.core.test_trainer import everything

TOML = """
name = "corpus"
[language]
corpus = "{corpus}"
tokenizer = "{tokenizer}"
max_length = 3
[[prompts]]
references = ["{reference}"]
[[rewards]]
kind = "match"
"""

PARTS = [
    "cutting the corpus into words",
    "reading the corpus",
    "counting the words of the corpus",
    "numbering the words of the corpus",
    "counting which words follow each other",
    "counting which words are near each other",
    "counting which word follows which",
    "asking what can be said first",
]
"""Of opening a scenario with a corpus, a shortlist, and the terms fluency and coherence, in their order."""


def cut(line: str, tokenizer: str) -> list[str]:
    corpus = read_corpus(mark(line, tokenizer), tokenizer, (), 100, "")
    return [corpus.words[number] for number in corpus.sentences[0]]


@pytest.mark.parametrize(
    ("tokenizer", "line", "words"),
    [
        ("characters", "我爱你。", ["我", "爱", "你", "。"]),
        ("characters", " ab c ", ["a", "b", " ", "c"]),
        ("characters", "e\u0301\u00e9", ["e\u0301", "\u00e9"]),  # composed or not: two words, and each is one character
        ("characters", "👩‍👩‍👧👍🏽🇨🇳", ["👩‍👩‍👧", "👍🏽", "🇨🇳"]),
        ("characters", "한국어", ["한", "국", "어"]),
        ("characters", "क्षि", ["क्षि"]),
        ("words", "Don't stop: 3.14 times.", ["Don't", "stop", ":", "3.14", "times", "."]),
        ("words", "我爱你", ["我", "爱", "你"]),
        ("words", "שלום עולם!", ["שלום", "עולם", "!"]),
        ("words", "مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("words", "e\u0301te\u0301 👩‍👩‍👧", ["e\u0301te\u0301", "👩‍👩‍👧"]),
        ("whitespace", "Don't\tstop:  now ", ["Don't", "stop:", "now"]),
        ("jieba", "我来到北京清华大学", ["我", "来到", "北京", "清华大学"]),
    ],
)
def test_a_tokenizer_cuts_where_its_rules_say(tokenizer: str, line: str, words: list[str]) -> None:
    assert cut(line, tokenizer) == words


@given(st.text(max_size=40), st.sampled_from(["characters", "words", "whitespace"]))
@settings(max_examples=200, deadline=None)
def test_cutting_loses_nothing_and_the_marks_come_out_again(text: str, tokenizer: str) -> None:
    lines = text.replace("\x1f", " ").splitlines()
    assert mark(text, tokenizer).replace("\x1f", "") == "\n".join(lines)
    assert all("".join(TOKENIZERS[tokenizer](line)) == line for line in lines)


PIECES = ["\u200d", "👩", "👍🏽", "🇨", "🇳", "e", "\u0301", "é", "क्", "षि", "\u1112", "\u1161", "\u11ab", "한", "don't",
          "3.14", "1,000", " ", "\u3000", "\u200f", "שלום", "مرحبا", "我", "カタ", "\r", "_", ".", "\x1f"]  # fmt: skip
"""What joins what stands beside it, or does not: nobody knows where a line may be cut but who sees all of it."""


@given(
    st.lists(st.lists(st.sampled_from(PIECES) | st.characters(), max_size=12).map("".join), max_size=3).map("\n".join),
    st.sampled_from(["characters", "words", "whitespace"]),
    st.integers(1, 5),
)
@settings(max_examples=2000, deadline=None)
def test_a_line_that_is_worked_through_in_parts_is_cut_as_in_one_go(text: str, tokenizer: str, at_once: int) -> None:
    in_one_go = {
        "characters": lambda line: regex.findall(r"\X", line),
        "words": lambda line: regex.split(r"\b", line, flags=regex.WORD | regex.V1),
        "whitespace": lambda line: regex.split(r"(\s+)", line),
    }[tokenizer]
    lines = text.replace("\x1f", " ").splitlines()
    marked = "\n".join("\x1f".join(filter(None, in_one_go(line))) for line in lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "AT_ONCE", at_once)
        assert mark.__wrapped__(text, tokenizer) == marked
        try:
            parts = read_corpus.__wrapped__(marked, tokenizer, (), 5, "")
        except TextError:
            assert not text.replace("\x1f", " ").strip()
            return
        grams, near = NGrams(parts, 5, 0, 2, "kneser-ney", 0.1, 0.75), Associations(parts, 5, 3)
    whole = read_corpus.__wrapped__(marked, tokenizer, (), 5, "")
    assert (parts.words, parts.sentences, parts.others) == (whole.words, whole.sentences, whole.others)
    assert parts.counts.tolist() == whole.counts.tolist()
    assert repr(grams._levels) == repr(NGrams(whole, 5, 0, 2, "kneser-ney", 0.1, 0.75)._levels)
    assert near._pairs == Associations(whole, 5, 3)._pairs


def plain_jieba() -> jieba.Tokenizer:
    """jieba as it comes, with the same dictionary."""
    ours, theirs = texts._jieba_tokenizer(), jieba.Tokenizer()
    theirs.FREQ, theirs.total, theirs.initialized = ours.FREQ, ours.total, True
    return theirs


KNOWN = "我爱北京天安门清华大学来到中国人民，。a1 "
STRANGE = "龘靐齉龖爨癵驫鱻灪麤纞虋讟钃鸜郤乂囍槑烎我他甴曱在是a1.，"
"""Signs that are in no word together: words nobody knows."""


@given(st.text(st.sampled_from(KNOWN), max_size=60) | st.text(st.sampled_from(STRANGE), max_size=60), st.integers(1, 5))
@settings(max_examples=600, deadline=None)
def test_jieba_in_parts_cuts_as_jieba_does_in_one_go(text: str, at_once: int) -> None:
    theirs = plain_jieba()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "AT_ONCE", at_once)
        assert mark.__wrapped__(text, "jieba").split("\x1f") == (list(theirs.cut(text)) or [""])


def test_jieba_cuts_ordinary_texts_as_jieba_does() -> None:
    ours, theirs = texts._jieba_tokenizer(), plain_jieba()
    root = Path(__file__).parents[2]
    pages = [root / "README.zh-CN.md", root / "resources" / "i18n" / "zh_CN" / "LC_MESSAGES" / "langrl.po"]
    lines = [line for page in pages for line in page.read_text("utf-8").splitlines()]
    assert sum(len(re.findall("[\u4e00-\u9fd5]", line)) for line in lines) > 10_000
    for line in lines:
        assert list(ours.cut(line)) == list(theirs.cut(line))


def test_a_long_run_of_words_that_jieba_does_not_know_is_told_of_and_can_be_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It takes time in proportion to its length, and a listener hears of each part of each of its three steps."""
    monkeypatch.setattr(work, "REPORT_SECONDS", 0.0)
    text = "".join(STRANGE[(7 * place + place // 5) % 20] for place in range(40_000))
    assert max(map(len, texts._jieba_tokenizer().cut(text))) < 100
    told: list[float] = []

    def listen(part: str, fraction: float) -> bool:
        assert part == PARTS[0]
        told.append(fraction)
        return True

    def cancel_late(part: str, fraction: float) -> bool:
        told.append(fraction)
        return len(told) < most - 1

    with work.told_to(listen):
        mark.__wrapped__(text, "jieba")
    each = [place * 4096 / 40_000 for place in range(10)]
    assert told[:30] == each * 3
    most = len(told)
    told.clear()
    with pytest.raises(work.Cancelled), work.told_to(cancel_late):
        mark.__wrapped__(text, "jieba")
    assert len(told) == most - 1


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=5), min_size=1, max_size=5), st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_a_vocabulary_is_the_most_frequent_words_of_equals_the_first_met(lines: list[list[str]], most: int) -> None:
    corpus = read_corpus(mark("\n".join(" ".join(x) for x in lines), "whitespace"), "whitespace", (), most, "")
    said = [word for line in lines for word in line]
    counts = Counter(said)
    expected = sorted(counts, key=lambda word: (-counts[word], said.index(word)))[:most]
    assert list(corpus.words) == expected
    assert corpus.counts.tolist() == [counts[word] for word in expected]
    assert [[corpus.words[n] if n >= 0 else None for n in s] for s in corpus.sentences] == [
        [word if word in expected else None for word in line] for line in lines
    ]


def test_an_end_word_that_the_text_lacks_takes_the_last_place_and_counts_sentences() -> None:
    corpus = read_corpus(mark("a b\nb\n\n c", "whitespace"), "whitespace", (), 3, "<end>")
    assert corpus.words == ("b", "a", "<end>")
    assert corpus.counts.tolist() == [2, 1, 3]


# -- files ------------------------------------------------------------------------------------------------------------


def write(folder: Path, text: bytes | str, name: str = "poem.txt", reference: str = "b a", **changes: str) -> Path:
    """A scenario beside a corpus, or one that names another file."""
    if text:
        (folder / "poem.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    path = folder / "scenario.toml"
    toml = TOML.format(corpus=name, tokenizer=changes.get("tokenizer", "words"), reference=reference)
    path.write_text(toml.replace("max_length", 'joiner = " "\nmax_length'), "utf-8")
    return path


def fault(path: Path) -> str:
    with pytest.raises(ScenarioError) as error:
        scenario.load(path)
    assert len(error.value.faults) == 1
    return error.value.faults[0]


def test_a_corpus_lies_beside_its_scenario_or_below(tmp_path: Path) -> None:
    found = scenario.load(write(tmp_path, "\ufeffb a b\r\nc"))
    assert found.language.words == ("b", "a", "c")
    assert scenario.to_data(found)["language"]["corpus"] == "poem.txt"
    assert "words" not in scenario.to_data(found)["language"]
    (tmp_path / "below").mkdir()
    (tmp_path / "poem.txt").rename(tmp_path / "below" / "poem.txt")
    for name in ("below/poem.txt", "./below/poem.txt"):
        assert scenario.load(write(tmp_path, "", name)) != found  # another name
        assert scenario.load(write(tmp_path, "", name)).language.source == found.language.source


def test_listed_words_stay_and_the_corpus_only_says_what_is_likely(tmp_path: Path) -> None:
    path = write(tmp_path, "b a b\nc")
    path.write_text(path.read_text().replace("[language]", '[language]\nwords = ["a", "b"]'))
    language = scenario.load(path).language
    assert language.words == ("a", "b")
    assert language.source is not None
    assert language.source.sentences == ((1, 0, 1), (-1,))


@pytest.mark.parametrize(
    "name", ["../poem.txt", "/etc/passwd", "below/../../poem.txt", "C:/poem.txt", "//host/poem.txt"]
)
def test_nothing_outside_the_folder_is_opened(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "poem.txt").write_text("b a")
    assert "lies beside its scenario's file or below" in fault(write(inside, "", name))


def test_a_link_that_leads_out_of_the_folder_is_refused_and_one_that_stays_is_followed(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.txt").write_text("b a")
    (inside / "poem.txt").symlink_to(tmp_path / "secret.txt")
    assert fault(write(inside, "")).endswith(
        "leads out of the scenario's folder; put the text itself beside the scenario's file"
    )
    (inside / "poem.txt").unlink()
    (inside / "text.txt").write_text("b a")
    (inside / "poem.txt").symlink_to("text.txt")
    assert scenario.load(write(inside, "")).language.words == ("b", "a")
    (inside / "out").symlink_to(tmp_path)
    assert "leads out" in fault(write(inside, "", "out/secret.txt"))


def test_what_cannot_be_a_corpus_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fault(write(tmp_path, "", "none.txt")) == (
        'language.corpus: "none.txt": cannot be read: No such file or directory'
    )
    assert fault(write(tmp_path, "é".encode("latin-1"))) == (
        'language.corpus: "poem.txt": not UTF-8 at byte 0; save the file as UTF-8'
    )
    assert fault(write(tmp_path, " \n\n")) == 'language.corpus: "poem.txt": there is not one word in it'
    (tmp_path / "folder").mkdir()
    assert "is not a file" in fault(write(tmp_path, "", "folder"))
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file" in fault(write(tmp_path, "", "pipe"))
    monkeypatch.setattr(scenario, "LARGEST_FILE", 1000)
    assert fault(write(tmp_path, "b a\n" * 300)) == (
        'language.corpus: "poem.txt": larger than 0 MiB, more than is read'
    )


@pytest.mark.parametrize(
    ("more", "reference", "remedy"),
    [
        ("max_words = 2", "a fox", '; the corpus has "fox", but other words more often: raise language.max_words'),
        ('words = ["a", "b"]', "a fox", '; add "fox" to language.words'),
        ("max_words = 2", "a dog", ""),
        ("max_words = 2", "a ox", ""),
    ],
)
def test_a_reference_with_a_word_that_only_the_corpus_has_is_explained_with_what_would_help(
    tmp_path: Path, more: str, reference: str, remedy: str
) -> None:
    path = write(tmp_path, "a b a\nb a b\nfox")
    toml = TOML.format(corpus="poem.txt", tokenizer="words", reference=reference)
    path.write_text(toml.replace("max_length = 3", f'joiner = " "\nmax_length = 3\n{more}'), "utf-8")
    said, rest = reference.split()
    with pytest.raises(ScenarioError) as caught:
        scenario.load(path)
    assert caught.value.faults == (
        f'prompts[0].references[0]: "{reference}" cannot be said: after "{said} " none of the words goes on like '
        f'"{rest}"{remedy}',
    )


def test_a_scenario_without_a_file_has_no_corpus_and_one_with_keeps_its_own(tmp_path: Path) -> None:
    path = write(tmp_path, "b a b\nc")
    with pytest.raises(ScenarioError, match=r"^language\.corpus: .*; save it first"):
        scenario.loads(path.read_text())
    found = scenario.load(path)
    (tmp_path / "poem.txt").unlink()
    assert found.changed("learner.alpha", 0.25).language.source is found.language.source
    assert scenario.with_settings(found, ["language.max_words=2"]).language.words == ("b", "a")
    with pytest.raises(ScenarioError, match="save it first"):
        found.changed("language.corpus", "other.txt")


def test_an_exported_scenario_has_its_corpus_beside_it_whatever_the_run_calls_it(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "below").mkdir(parents=True)
    there.mkdir()
    (here / "below" / "poem.txt").write_text("b a b\nc")
    found = scenario.load(write(here, "", "below/poem.txt"))
    exports.write(there / "copy.toml", "toml", runfile.of_trainer(Trainer(found, compiled=False)))
    assert sorted(path.name for path in there.iterdir()) == ["copy.toml", "copy.txt"]
    copy = scenario.load(there / "copy.toml")
    assert copy.language.source == found.language.source
    assert copy.prompts == found.prompts


# -- run files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokenizer", ["characters", "words", "jieba"])
def test_a_saved_run_holds_its_corpus_as_it_was_cut_and_opening_it_opens_and_cuts_nothing(
    tmp_path: Path, tokenizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(scenario.load(write(tmp_path, "爱 我 爱\n你", reference="我 爱", tokenizer=tokenizer)))
    trainer.advance(200)
    path = tmp_path / "run.langrl"
    runfile.write(path, runfile.of_trainer(trainer))
    (tmp_path / "poem.txt").unlink()
    mark.cache_clear()
    monkeypatch.setitem(TOKENIZERS, tokenizer, None)
    read = runfile.read(path)
    assert read.scenario == trainer.start_scenario
    assert read.scenario.language.source is not None
    assert read.scenario.language.source.text == "爱 我 爱\n你"
    assert runfile.dumps(read) == path.read_bytes()
    again = runfile.to_trainer(read)
    for run in (again, trainer):
        run.advance(400)
    assert everything(again) == everything(trainer)


def test_a_run_whose_corpus_is_missing_or_too_many_is_told_apart(tmp_path: Path) -> None:
    with_corpus = Trainer(scenario.load(write(tmp_path, "b a b\nc")))
    without = Trainer(scenario.find("i-love-you"))
    run = runfile.of_trainer(with_corpus)
    language = run.scenario.language.model_copy(update={"corpus": None, "listed": run.scenario.language.words})
    bare = dataclasses.replace(run, scenario=run.scenario.model_copy(update={"language": language}))
    with pytest.raises(RunFileError, match="has a corpus, which its scenario does not"):
        runfile.loads(runfile.dumps(bare), "run")
    language = without.scenario.language.model_copy(update={"corpus": "poem.txt"})
    named = dataclasses.replace(
        runfile.of_trainer(without), scenario=without.scenario.model_copy(update={"language": language})
    )
    with pytest.raises(RunFileError, match='lacks the tensor "corpus"'):
        runfile.loads(runfile.dumps(named), "run")


@pytest.mark.parametrize("between", ["\n", " "])
def test_each_part_of_reading_a_corpus_and_learning_from_it_can_be_cancelled_and_is_done_whole_after_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, between: str
) -> None:
    """Be it of many lines, or of one that is long."""
    monkeypatch.setattr(work, "REPORT_SECONDS", 0.0)
    monkeypatch.setattr(texts, "AT_ONCE", 40)
    path = tmp_path / "scenario.toml"
    terms = '[[rewards]]\nkind = "fluency"\n[[rewards]]\nkind = "coherence"\n'
    toml = TOML.format(corpus="poem.txt", tokenizer="words", reference="w0") + terms
    path.write_text(toml.replace("max_length = 3", "max_length = 3\nshortlist = 5"), "utf-8")
    (tmp_path / "poem.txt").write_text(between.join(f"w{line % 7} w{line % 11}" for line in range(200)), "utf-8")
    told: dict[str, list[float]] = {}

    def until(last: str) -> Callable[[str, float], bool]:
        def listen(part: str, fraction: float) -> bool:
            told.setdefault(part, []).append(fraction)
            return part != last

        return listen

    cancelled: list[str] = []
    while True:
        told.clear()
        with work.told_to(until(next((part for part in PARTS if part not in cancelled), ""))):
            try:
                trainer = Trainer(scenario.load(path))
                break
            except work.Cancelled:
                cancelled.append(list(told)[-1])
    assert cancelled == PARTS
    assert trainer.scenario.language.source is not None
    assert trainer.scenario.language.source.length == 400
    assert all(0 <= fraction < 1 for fractions in told.values() for fraction in fractions)
    assert all(max(fractions) > 0.8 for part, fractions in told.items() if part not in PARTS[-2:])


# -- any script, any size ---------------------------------------------------------------------------------------------

SCRIPTS = [
    "\u00e9",
    "e\u0301",
    "שלום",
    "مرحبا",
    "👩‍👩‍👧",
    "🇨🇳",
    "क्षि",
    "\ud55c",
    "\u1112\u1161\u11ab",
    "我",
    "don't",
    "\u200f",
]


def test_words_of_any_script_stay_as_they_are_written_from_file_to_saved_run(tmp_path: Path) -> None:
    """Composed and decomposed, right to left, emoji of several parts, and a mark that cannot be seen: all are words."""
    path = tmp_path / "scripts.toml"
    words = ", ".join(f'"{word}"' for word in SCRIPTS)
    reference = "|".join(SCRIPTS[:4])
    path.write_text(
        f'name = "scripts"\n[language]\nwords = [{words}]\njoiner = "|"\nmax_length = 4\n'
        f'[[prompts]]\ntext = "e\u0301"\nreferences = ["{reference}"]\n[[prompts]]\ntext = "\u00e9"\n'
        f'references = ["{reference}"]\n[[rewards]]\nkind = "match"\n',
        "utf-8",
    )
    found = scenario.load(path)
    assert found.language.words == tuple(SCRIPTS)
    assert [prompt.text for prompt in found.prompts] == ["e\u0301", "\u00e9"]
    assert scenario.loads(scenario.dumps(found)) == found
    trainer = Trainer(found.changed("learner.alpha", 1.0).changed("learner.explore.epsilon", 0.5))
    trainer.advance(20_000)
    runfile.write(tmp_path / "scripts.langrl", runfile.of_trainer(trainer))
    again = runfile.to_trainer(runfile.read(tmp_path / "scripts.langrl"))
    for prompt in (0, 1):
        assert again.scenario.language.join(again.greedy_text(prompt).words) == reference


def test_one_word_and_a_hundred_thousand_are_a_vocabulary(tmp_path: Path) -> None:
    for count in (1, 100_000):
        text = "\n".join(f"w{number}" for number in range(count))
        (tmp_path / "poem.txt").write_text(text, "utf-8")
        path = tmp_path / "scenario.toml"
        toml = TOML.format(corpus="poem.txt", tokenizer="whitespace", reference="w0")
        path.write_text(toml.replace("max_length = 3", 'joiner = " "\nmax_length = 3\nshortlist = 20'), "utf-8")
        trainer = Trainer(scenario.load(path))
        trainer.advance(300)
        assert len(trainer.scenario.language.words) == count
        assert trainer.greedy_text(0).words[0] == 0
