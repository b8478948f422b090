"""A Folium map in a page of ours: own files alone, nonces on its own tags alone, texts that stay texts."""

from __future__ import annotations

import json
import re

import folium
import pytest
from branca.element import CssLink, Element, MacroElement
from folium.plugins import Fullscreen
from folium.template import Template

from geoapp.web.folium_page import UnknownPartError, map_parts
from layers.element import WORDS, Legend, Scale, VectorTiles
from layers.symbol import Label, Marker, Rule
from layers.text import LANGUAGES, Text

NONCE = "n0nce"
HOSTILE = "</script><script>alert(1)</script><!-- ${alert(2)} `'\" \\ </SCRIPT >"


def asset(name: str) -> str:
    return f"/static/{name}?built"


def chart() -> folium.Map:
    return folium.Map([-2, 29], zoom_start=6, tiles=None)


def layer(title: Text, language: str = "en") -> VectorTiles:
    return VectorTiles(
        "incidents",
        title=title,
        language=language,
        url="/tiles/incidents/{z}/{x}/{y}.mvt",
        attribution=title.en,
        rules=[Rule(Marker("triangle", 16, "#9d1c20"), title, when={"level": 1})],
        labels=[Label("name_{lang}")],
        key="incident_id",
        detail="/api/v1/layers/incidents/{key}",
        tip="incident_no",
    )


def whole_page(title: Text) -> folium.Map:
    made = chart()
    incidents = layer(title)
    incidents.add_to(made)
    Legend([incidents], "en").add_to(made)
    Scale().add_to(made)
    return made


def test_it_works() -> None:
    parts = map_parts(whole_page(Text("Incidents", "Incidents")), NONCE, asset)
    assert parts.head.count('<link rel="stylesheet" href="/static/map.css?built">') == 1
    assert parts.script.count('<script src="/static/map.js?built"></script>') == 1
    assert 'class="folium-map"' in parts.html
    assert "geoapp.vectorTiles({" in parts.script
    assert parts.script.index("vectorTiles") < parts.script.index("geoapp.legend(")
    assert "L.control.scale({imperial: false" in parts.script


def test_no_address_of_another_host_is_left() -> None:
    parts = map_parts(whole_page(Text("Incidents", "Incidents")), NONCE, asset)
    assert "//" not in parts.head + parts.html + parts.script


def test_every_inline_part_of_folium_bears_the_nonce() -> None:
    parts = map_parts(chart(), NONCE, asset)
    for tag in re.findall(r"<(?:style|script)\b[^>]*>", parts.head + parts.script):
        assert f'nonce="{NONCE}"' in tag or 'src="/static/' in tag


def test_the_page_keeps_its_own_viewport() -> None:
    assert "<meta" not in map_parts(chart(), NONCE, asset).head


@pytest.mark.parametrize("hostile", [HOSTILE, "<!--<script>", "\u2028</ScRiPt\n>"])
def test_a_hostile_title_stays_a_string(hostile: str) -> None:
    parts = map_parts(whole_page(Text(hostile, hostile)), NONCE, asset)
    inline = parts.script.split(f'<script nonce="{NONCE}">', 1)[1]
    assert len(re.findall(r"</script", inline, re.IGNORECASE)) == 1
    assert inline.endswith("</script>")
    assert "<!--" not in inline
    literal = re.search(r"geoapp\.vectorTiles\((\{.*\})\)\.addTo", inline)
    assert literal is not None
    spec = json.loads(literal.group(1))
    assert spec["title"] == spec["attribution"] == spec["rules"][0]["title"] == hostile


def test_a_script_of_another_element_is_broken_apart() -> None:
    class Careless(MacroElement):
        _template = Template('{% macro script(this, kwargs) %}say("{{ this.text }}");{% endmacro %}')

    made = chart()
    careless = Careless()
    careless.text = "</script><script>alert(1)</script><!--"
    made.add_child(careless)
    script = map_parts(made, NONCE, asset).script
    assert r'say("<\/script><script>alert(1)<\/script><\!--");' in script


def test_a_tag_of_the_data_gets_no_nonce() -> None:
    made = chart()
    made.get_root().html.add_child(Element("<script>alert(1)</script>"))
    parts = map_parts(made, NONCE, asset)
    assert "<script>alert(1)</script>" in parts.html
    assert NONCE not in parts.html


def test_an_unknown_address_is_refused() -> None:
    made = chart()
    made.get_root().header.add_child(CssLink("https://example.org/style.css"), name="other")
    with pytest.raises(UnknownPartError, match=r"https://example\.org/style\.css"):
        map_parts(made, NONCE, asset)


def test_a_folium_plugin_from_elsewhere_is_refused() -> None:
    made = chart()
    Fullscreen().add_to(made)
    with pytest.raises(UnknownPartError, match="load https://"):
        map_parts(made, NONCE, asset)


def test_a_style_of_another_element_is_refused() -> None:
    class Styled(MacroElement):
        _template = Template("{% macro header(this, kwargs) %}<style>{{ this.text }}</style>{% endmacro %}")

    made = chart()
    styled = Styled()
    styled.text = "</style><script>alert(1)</script><style>"
    made.add_child(styled)
    with pytest.raises(UnknownPartError, match="into the page's head"):
        map_parts(made, NONCE, asset)


def test_a_tag_smuggled_into_the_map_s_own_style_is_refused() -> None:
    made = chart()
    made.position = "</style><img src=x onerror=alert(1)><style>"
    with pytest.raises(UnknownPartError, match="img"):
        map_parts(made, NONCE, asset)


def test_rendering_twice_gives_the_same() -> None:
    made = whole_page(Text("Incidents", "Incidents"))
    assert map_parts(made, NONCE, asset) == map_parts(made, NONCE, asset)


def test_a_layer_speaks_the_language_asked_for() -> None:
    spec = layer(Text("Incidents by level", "Incidents par niveau"), "fr").spec
    assert spec["title"] == spec["rules"][0]["title"] == "Incidents par niveau"
    assert spec["labels"][0]["property"] == "name_fr"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_fill_the_same_holes_in_every_language(language: str) -> None:
    for key, text in WORDS.items():
        said = text.in_language(language)
        assert said.strip(), key
        assert sorted(re.findall(r"\{\w+\}", said)) == sorted(re.findall(r"\{\w+\}", text.en)), key
