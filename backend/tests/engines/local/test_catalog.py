import json
from pathlib import Path

import pytest

from app.engines.local import catalog
from app.engines.local.catalog import DISPLAY_ORDER, TEMPLATE_FOLDER, get_template, load_templates
from app.engines.local.channels import CHANNELS, channel, nearest
from app.engines.local.errors import TemplateInvalid
from app.engines.local.template import Category

CLOUD = (
    ("mengwa_kaixin", "萌娃", "开心", "哈哈哈"),
    ("mengwa_dengyan", "萌娃", "瞪眼", "我滴妈呀"),
    ("mengwa_gandong", "萌娃", "感动", "OK"),
    ("mengwa_renzhen_1", "萌娃", "认真", "让我想想"),
    ("mengwa_jidong", "萌娃", "激动", "Oh my god"),
    ("mengwa_kun_1", "萌娃", "困", "困困困"),
    ("mengwa_jiaoxie", "萌娃", "狡黠", "嘿嘿嘿~"),
    ("dagong_kaixin", "打工", "开心", "明天不上班"),
    ("dagong_yangwang", "打工", "仰望", "针不搓"),
    ("dagong_kunhuo", "打工", "困惑", "不是吧阿sir"),
    ("dagong_zhuakuang", "打工", "抓狂", "又要加班"),
    ("dagong_wunai", "打工", "无奈", "好吧好吧"),
    ("dagong_weixiao", "打工", "微笑", "保持微笑"),
    ("dagong_ganji", "打工", "感激", "拜托拜托"),
    ("jingdian_tiaopi", "经典", "调皮", "嘿嘿嘿"),
    ("jingdian_deyi_1", "经典", "得意", "夸我"),
    ("jingdian_qidai", "经典", "期待", "新学期加油"),
    ("jingdian_landuo_1", "经典", "懒惰", "下课了?"),
    ("jingdian_xianqi", "经典", "嫌弃", "就这??"),
    ("jingdian_lei", "经典", "累", "开学太累了"),
)
"""The cloud's templates: id, shelf, name and caption."""

SHELVES = {"萌娃": Category.KIDS, "打工": Category.WORK, "经典": Category.CLASSIC}


class TestCloudTemplates:
    def test_all_are_there_and_no_other(self) -> None:
        found = [template.driven_id for template in load_templates().values() if template.driven_id]
        assert found == [driven_id for driven_id, *_ in CLOUD]

    @pytest.mark.parametrize(("driven_id", "shelf", "name", "caption"), CLOUD)
    def test_has_its_shelf_name_and_caption(self, driven_id: str, shelf: str, name: str, caption: str) -> None:
        template = get_template(driven_id)
        assert template.category is SHELVES[shelf]
        assert template.name.zh == name
        assert template.caption.text.zh == caption
        assert template.emotion


class TestOwnTemplates:
    def test_there_are_more_than_enough(self) -> None:
        own = [name for name, template in load_templates().items() if template.driven_id is None]
        assert len(own) >= 16

    def test_the_first_six_are_the_show_window(self) -> None:
        assert list(load_templates())[:6] == ["laugh_tears", "love", "shocked", "crying", "wink", "angry"]

    def test_order_names_every_file_once(self) -> None:
        assert list(load_templates()) == list(DISPLAY_ORDER)
        assert len(DISPLAY_ORDER) == len(set(DISPLAY_ORDER)) == len(list(TEMPLATE_FOLDER.glob("*.yaml")))


@pytest.mark.parametrize("name", list(DISPLAY_ORDER))
class TestEveryTemplate:
    def test_is_of_a_length_that_people_watch(self, name: str) -> None:
        template = load_templates()[name]
        assert 1.2 <= template.duration <= 2.8
        assert 20 <= template.fps <= 25

    def test_has_one_to_three_effects(self, name: str) -> None:
        assert 1 <= len(load_templates()[name].effects) <= 3

    def test_has_a_caption_in_both_languages_and_its_own_colour(self, name: str) -> None:
        caption = load_templates()[name].caption
        assert caption.text.zh
        assert caption.text.en
        same = [other for other, shown in load_templates().items() if shown.caption.style == caption.style]
        assert same == [name]

    def test_a_closed_mouth_takes_the_smile_away_too(self, name: str) -> None:
        tracks = load_templates()[name].tracks
        if "frown" in tracks:
            assert "neutral" in tracks


class TestGetTemplate:
    @pytest.mark.parametrize("given", ["laugh_tears", "Laugh-Tears", "笑哭", "tears of joy"])
    def test_finds_by_id_and_by_name(self, given: str) -> None:
        assert get_template(given).id == "laugh_tears"

    def test_reads_a_file_by_its_path(self) -> None:
        assert get_template(str(TEMPLATE_FOLDER / "wink.yaml")) == get_template("wink")
        with pytest.raises(TemplateInvalid, match="template_invalid"):
            get_template("nowhere.yml")

    def test_suggests_the_nearest(self) -> None:
        with pytest.raises(TemplateInvalid) as raised:
            get_template("mengwan_gandong")
        assert raised.value.code == "unknown_template"
        assert raised.value.params == {"got": "mengwan_gandong", "suggestion": "mengwa_gandong"}

    def test_suggests_nothing_for_nonsense(self) -> None:
        with pytest.raises(TemplateInvalid) as raised:
            get_template("qqqqxyz")
        assert raised.value.params["suggestion"] is None


def test_templates_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        load_templates()["x"] = get_template("wink")  # type: ignore[index]


def test_a_file_must_be_named_like_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.yaml").write_bytes((TEMPLATE_FOLDER / "wink.yaml").read_bytes())
    monkeypatch.setattr(catalog, "TEMPLATE_FOLDER", tmp_path)
    with pytest.raises(TemplateInvalid) as raised:
        load_templates.__wrapped__()
    assert "wink" in str(raised.value.params["problem"])


def test_templates_are_plain_data() -> None:
    for template in load_templates().values():
        assert json.loads(template.model_dump_json())["id"] == template.id


class TestChannels:
    def test_paired_channels_have_both_sides(self) -> None:
        assert {"lid", "lid_left", "lid_right", "smile_left", "furrow_right", "brow_inner_left"} <= set(CHANNELS)

    def test_strengths_are_shares(self) -> None:
        strength = channel("fx.anything")
        assert strength is not None
        assert (strength.low, strength.high) == (0.0, 1.0)
        assert channel("anything") is None

    def test_rest_is_in_every_range(self) -> None:
        assert all(known.low <= 0.0 <= known.high for known in CHANNELS.values())

    def test_nearest(self) -> None:
        assert nearest("headroll", CHANNELS) == "head.roll"
        assert nearest("zzzzzz", CHANNELS) is None
