"""Frameworks are told from files."""

import pytest

from deployr.detect import detect_framework
from deployr.states import Framework


@pytest.mark.parametrize(
    ("files", "framework"),
    [
        ({"artisan": "", "composer.json": "{}"}, Framework.LARAVEL),
        ({"artisan": "", "composer.json": "{}", "package.json": '{"dependencies": {"next": "16"}}'},
         Framework.LARAVEL),
        ({"package.json": '{"dependencies": {"next": "16"}}'}, Framework.NEXTJS),
        ({"package.json": '{"devDependencies": {"next": "16"}}'}, Framework.NEXTJS),
        ({"package.json": '{"dependencies": {"vite": "7"}}'}, Framework.STATIC),
        ({"composer.json": "{}"}, Framework.STATIC),
        ({"package.json": "{broken"}, Framework.STATIC),
        ({"package.json": '["next"]'}, Framework.STATIC),
        ({"package.json": '{"dependencies": ["next"]}'}, Framework.STATIC),
        ({}, Framework.STATIC),
    ],
)  # fmt: skip
def test_detected(tmp_path, files, framework):
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    assert framework == detect_framework(tmp_path)
