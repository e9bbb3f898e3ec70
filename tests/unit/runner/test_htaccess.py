"""The hosters' parts of a `.htaccess` survive; everything else in it is the release's."""

import pytest

from runner.docroot.htaccess import with_parts

PHP = b"# php -- BEGIN cPanel-generated handler, do not edit\nAddHandler x\n# php -- END cPanel-generated handler, do not edit\n"
APP = b"# DO NOT REMOVE. CLOUDLINUX PASSENGER CONFIGURATION BEGIN\nPassengerAppRoot /x\n# DO NOT REMOVE. CLOUDLINUX PASSENGER CONFIGURATION END\n"
OWN = b"RewriteEngine On\n"


@pytest.mark.parametrize(
    ("own", "live", "wanted"),
    [
        (OWN, None, OWN),
        (OWN, b"Options -Indexes\n", OWN),
        (OWN, PHP, OWN + b"\n" + PHP),
        (OWN, b"Options -Indexes\n" + PHP + b"# mine\n" + APP, OWN + b"\n" + PHP + APP),
        (b"", PHP, PHP),
        (b"\n\n", PHP, PHP),
        (OWN.rstrip(), PHP.rstrip(), OWN + b"\n" + PHP),
        (PHP.replace(b"x\n", b"old\n") + OWN, PHP, OWN + b"\n" + PHP),
        (PHP + OWN, None, PHP + OWN),
    ],
)
def test_parts_of_the_live_one_take_the_place_of_its_own(own, live, wanted):
    assert wanted == with_parts(own, live)


def test_again_it_changes_nothing():
    once = with_parts(OWN, PHP + APP)

    assert once == with_parts(once, PHP + APP)


def test_word_outside_of_a_comment_is_no_border():
    live = b"SetEnv X cPanel-generated-BEGIN\nDeny from all\n"

    assert OWN == with_parts(OWN, live)


def test_part_without_an_end_goes_to_the_end():
    live = b"# BEGIN cPanel-generated\nAddHandler x\n"

    assert OWN + b"\n" + live == with_parts(OWN, live)


def test_bytes_that_are_no_text_stay():
    live = b"# BEGIN cPanel-generated \xff\n\xfe\n# END cPanel-generated\n"

    assert live == with_parts(b"", live)
