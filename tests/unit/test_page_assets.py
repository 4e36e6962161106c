"""The page's modules in one script."""

import gzip

import pytest

from signtally.api.page_assets import Assets, ScriptError, joined


def test_every_script_of_the_page_is_in_it() -> None:
    assets = Assets.load()
    script = assets.bodies["page.js"].decode()
    assert "import " not in script.replace("important ", "")
    assert script.rindex("const module_main") > script.rindex("const module_client")
    assert sorted(assets.bodies) == ["docs.css", "favicon.svg", "page.css", "page.js"]


def test_what_a_visit_loads_stays_small() -> None:
    """Style and script, compressed as they travel; the document itself and the first figures are about 15 KB more."""
    bodies = Assets.load().bodies
    assert len(gzip.compress(bodies["page.js"], 5)) + len(gzip.compress(bodies["page.css"], 5)) < 80_000


def test_a_module_becomes_a_function_behind_what_it_imports() -> None:
    scripts = {
        "main.js": 'import { one as first, two } from "./b.js";\nimport * as c from "./c-d.js";\nrun(first, two, c);\n',
        "b.js": "export const one = 1;\nexport async function two() {}\n",
        "c-d.js": "export class Three {}\n",
    }
    script = joined(scripts)
    assert script.index("module_b = ") < script.index("module_main = ")
    assert "const { one: first, two } = module_b;" in script
    assert "const c = module_c_d;" in script
    assert "return { one, two };" in script
    assert "return { Three };" in script


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('import thing from "./b.js";\n', "cannot be joined"),
        ("export let count = 0;\n", "cannot be joined"),
        ("export default 3;\n", "cannot be joined"),
        ('import { x } from "./missing.js";\n', "no missing.js"),
        ('import { x } from "./b.js";\n', "in a circle"),
    ],
)
def test_what_cannot_be_joined_is_named(source: str, why: str) -> None:
    with pytest.raises(ScriptError, match=why):
        joined({"main.js": source, "b.js": 'import { y } from "./main.js";\nexport const x = 1;\n'})
