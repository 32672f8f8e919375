"""Which functions of Node get the AWS SDK beside their code."""

from pathlib import Path

from studiolo.functions.node_packages import names_sdk


def test_code_that_names_the_sdk_gets_it_unless_it_or_a_layer_brings_it(tmp_path: Path) -> None:
    plain, asking, layer = (tmp_path / name for name in ("plain", "asking", "layer"))
    for folder, text in ((plain, "exports.handler = () => 1"), (asking, 'require("@aws-sdk/client-s3")')):
        folder.mkdir()
        (folder / "index.js").write_text(text)
    (layer / "nodejs" / "node_modules" / "@aws-sdk").mkdir(parents=True)
    assert not names_sdk([plain])
    assert names_sdk([plain, asking])
    assert not names_sdk([asking, layer])
