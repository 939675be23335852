"""How texts are looked up: whole, by sentence, with numbers and names in them; and that the lists are sound."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render.leftovers import english_left, latin_left
from vascal.render.language import (
    DECIMAL,
    GAP,
    JOINTS,
    LANGUAGES,
    ORDINAL,
    PERCENT,
    STOP,
    Verbatim,
    list_messages,
    read_language,
)

GERMAN, CHINESE = read_language("de"), read_language("zh")
PLACES = re.compile(r"\{(\w+)\}")
HAN = "[\u4e00-\u9fff]"


def test_a_text_is_said_whole_where_it_is_listed() -> None:
    assert GERMAN.say("The scan is not ECG-gated.") == "Die Aufnahme ist nicht EKG-synchronisiert."
    assert CHINESE.say("bone") == "骨骼"


def test_english_stays_as_it_is() -> None:
    assert read_language("en").say("Noise of 12.5 HU") == "Noise of 12.5 HU"


def test_sentences_are_said_one_by_one_and_follow_each_other_as_the_language_has_it() -> None:
    both = "Check every lesion. The beam was filtered with tin."
    assert GERMAN.say(both) == "Jede Läsion ist zu prüfen. Der Strahl war mit Zinn gefiltert."
    assert CHINESE.say(both) == "请逐一核对每个病灶。X 射线经锡滤过。"


def test_what_no_list_has_stays_english_and_is_told() -> None:
    text = "Check every lesion. Nobody wrote this. Check every lesion."
    assert GERMAN.say(text) == "Jede Läsion ist zu prüfen. Nobody wrote this. Jede Läsion ist zu prüfen."
    assert GERMAN.lacks(text) == ("Nobody wrote this.",)
    assert GERMAN.find("Nobody wrote this.") is None


@pytest.mark.parametrize(
    ("english", "german", "chinese"),
    [
        ("12.5", "12,5", "12.5"),
        ("<0.1", "<0,1", "<0.1"),
        ("8.6 %", "8,6 %", "8.6%"),
        ("8.6\u00a0%", "8,6\u00a0%", "8.6%"),
        ("over 99 %", "über 99 %", "超过 99%"),
        ("63rd", "63.", "63"),
        ("1.25 mm", "1,25 mm", "1.25 mm"),
        ("85 mL/min/1.73 m2", "85 ml/min/1,73 m²", "85 mL/min/1.73 m²"),
    ],
)
def test_numbers_are_written_as_the_language_does(english: str, german: str, chinese: str) -> None:
    assert GERMAN.say(english) == german
    assert CHINESE.say(english) == chinese


@given(whole=st.integers(0, 10**6), part=st.integers(0, 999))
def test_a_german_number_is_the_english_one_with_a_comma(whole: int, part: int) -> None:
    assert GERMAN.say(f"{whole}.{part}").replace(",", ".") == CHINESE.say(f"{whole}.{part}") == f"{whole}.{part}"


@pytest.mark.parametrize(
    "name",
    [
        "1.2.840.113619.2",
        "10.1016/j.jcct.2018.03.008",
        "doi:10.1093/ehjci/jey019",
        "CaSc 3.0 B35f",
        "vascal 0.9",
        "v1.5",
    ],
)
def test_versions_uids_dois_and_descriptions_are_not_touched(name: str) -> None:
    assert GERMAN.say(name) == CHINESE.say(name) == name


def test_words_of_an_image_header_are_not_translated() -> None:
    assert CHINESE.say("Bone") == "骨骼"
    assert CHINESE.say(Verbatim("Bone")) == GERMAN.say(Verbatim("Bone")) == "Bone"
    assert "Faltungskern Bone " in GERMAN.say("Kernel Bone sharpens edges and noise: the score comes out too high.")


def test_values_in_a_sentence_are_said_too() -> None:
    said = "The field of view ends inside the heart (top, left): calcium outside it is not in the score."
    assert "(oben, links)" in GERMAN.say(said)
    assert "（上方、左侧）" in CHINESE.say(said)


def test_a_list_is_said_part_by_part_before_a_place_swallows_it() -> None:
    said = "The class is in doubt: moderate 5-15 (55 %) or severe 16-24 (40 %); low 0-1 (50 %) or high 6-24 (20 %)."
    assert GERMAN.say(said) == (
        "Die Klasse ist unsicher: mäßig 5-15 (55 %) oder schwer 16-24 (40 %); niedrig 0-1 (50 %) oder hoch 6-24 (20 %)."
    )


def test_a_word_means_what_its_place_means() -> None:
    assert CHINESE.say("high") == "高"
    assert CHINESE.say("high", "risk") == "高危"
    assert "由低危上调为中危" in CHINESE.say(
        "By MESA the ten-year risk of coronary heart disease is 2.7 % from risk factors alone, and 8.1 % with this "
        "calcium score: it moves up from low to intermediate."
    )


def test_a_place_of_one_sentence_does_not_swallow_the_next() -> None:
    two = "Total cholesterol of 30 mg/dL is unusual: check it. HDL cholesterol of 5 mg/dL is unusual: check it."
    assert GERMAN.say(two).count("Bitte prüfen") == 2


def test_words_written_with_and_without_a_full_stop_or_capital_need_one_entry() -> None:
    assert GERMAN.say("the images have been compressed with loss") == "die Bilder wurden verlustbehaftet komprimiert"
    assert GERMAN.say("The images have been compressed with loss.") == "Die Bilder wurden verlustbehaftet komprimiert."
    assert CHINESE.say("slice thickness differs between slices.") == "各层面层厚不一致。"


@given(text=st.text(max_size=60))
def test_any_text_can_be_said(text: str) -> None:
    for language in (GERMAN, CHINESE):
        assert isinstance(language.say(text), str)


def test_every_entry_is_there_once_in_every_language() -> None:
    messages = list(list_messages())
    assert len(messages) > 600
    twice = [key for key, count in Counter((one.get("place"), one["en"]) for one in messages).items() if count > 1]
    assert twice == []
    for message in messages:
        assert set(message) - {"place"} == set(LANGUAGES), message
        assert not any("TODO" in text for text in message.values())


def test_an_entry_has_the_same_places_in_every_language() -> None:
    for message in list_messages():
        places = [set(PLACES.findall(message[code])) for code in LANGUAGES]
        assert places[0] == places[1] == places[2], message
        assert "place" not in message or not places[0], "a pattern can not be of one place"


def test_marks_are_there() -> None:
    for mark in (DECIMAL, PERCENT, ORDINAL, STOP, GAP, *JOINTS):
        assert mark in GERMAN.exact
        assert mark in CHINESE.exact


def test_chinese_entries_are_chinese_with_wide_punctuation() -> None:
    for message in list_messages():
        said = message["zh"]
        bare = PLACES.sub("", said)
        assert re.search(HAN, bare) or not latin_left(bare), message
        assert not re.search(rf"{HAN}[,;:!?()]|[,;:!?()]{HAN}", said), message
        assert not re.search(rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}", said), f"a space is lacking: {said}"


def test_german_entries_are_german() -> None:
    texts = " ".join(message["de"] for message in list_messages())
    assert {"ä", "ö", "ü", "ß", "Ä", "Ü"} <= set(texts)
    for message in list_messages():
        assert english_left(message["de"]) == [], message
        assert not re.search(r"\d\.\d", message["de"]), f"a point for a comma: {message['de']}"
