from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from underbutler.errors import UserError
from underbutler.model.uri import ObjectUri

keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
# lsst.resources takes slashes at the beginning of a path for its root.
addressable_keys = keys.filter(lambda key: key and not key.startswith("/"))

LITERAL = [
    "a b.fits",
    "a+b.fits",
    "a;b:c=d@e.fits",
    "raw α/日本/😀.fits",
    "quotes'\".fits",
    "back\\slash.fits",
    "a//b.fits",
    "a/../b.fits",
    "trailing ",
]


@pytest.mark.parametrize("key", LITERAL)
def test_a_key_without_reserved_characters_is_written_as_it_is(key):
    assert str(ObjectUri("s3", "raw", key)) == f"s3://raw/{key}"


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("50%.fits", "50%25.fits"),
        ("a%2Bb.fits", "a%252Bb.fits"),
        ("a#b.fits", "a%23b.fits"),
        ("a?b.fits", "a%3Fb.fits"),
        ("a\nb\t.fits", "a%0Ab%09.fits"),
        ("a\x7f.fits", "a%7F.fits"),
    ],
)
def test_what_would_be_read_as_something_else_is_percent_encoded(key, written):
    assert str(ObjectUri("s3", "raw", key)) == f"s3://raw/{written}"


@given(keys)
def test_any_key_survives_being_written_and_read(key):
    uri = ObjectUri("s3", "raw", key)

    assert ObjectUri.parse(str(uri)) == uri


@given(keys)
def test_any_path_survives_being_written_and_read(path):
    uri = ObjectUri("file", "", f"/{path}")

    assert ObjectUri.parse(str(uri)) == uri


@given(keys)
def test_a_written_uri_is_one_line(key):
    assert not set(str(ObjectUri("s3", "raw", key))) & {chr(code) for code in range(32)}


@given(addressable_keys)
def test_lsst_resources_decodes_the_same_key(key):
    from lsst.resources import ResourcePath

    path = ResourcePath(str(ObjectUri("s3", "raw", key)))

    assert (path.scheme, path.netloc, path.relativeToPathRoot) == ("s3", "raw", key)


@given(addressable_keys)
def test_lsst_resources_decodes_the_same_file(key):
    from lsst.resources import ResourcePath

    assert ResourcePath(str(ObjectUri("file", "", f"/{key}"))).ospath == f"/{key}"


def test_keys_that_look_alike_are_two():
    composed, decomposed = (unicodedata.normalize(form, "é.fits") for form in ("NFC", "NFD"))

    assert str(ObjectUri("s3", "raw", composed)) != str(ObjectUri("s3", "raw", decomposed))


def test_a_tenant_of_ceph_stays_with_its_bucket():
    assert ObjectUri.parse("s3://rubin:raw/a.fits") == ObjectUri("s3", "rubin:raw", "a.fits")


def test_a_bucket_alone_is_the_empty_key():
    assert ObjectUri.parse("s3://raw") == ObjectUri.parse("s3://raw/") == ObjectUri("s3", "raw", "")


def test_percent_encoding_that_was_not_needed_is_read_all_the_same():
    assert ObjectUri.parse("s3://raw/a%20b.fits") == ObjectUri("s3", "raw", "a b.fits")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.fits",
        "/data/a.fits",
        "s3:/raw/a.fits",
        "s3://",
        "s3:///a.fits",
        "file://host/a.fits",
        "file://a.fits",
        "http://169.254.169.254/latest",
        "gs://raw/a.fits",
    ],
)
def test_what_is_no_uri_of_an_object_or_a_file_is_refused(text):
    with pytest.raises(UserError):
        ObjectUri.parse(text)


def test_a_uri_with_credentials_is_refused_without_repeating_them():
    with pytest.raises(UserError) as caught:
        ObjectUri.parse("s3://AKIAEXAMPLE:secret@raw/a.fits")

    assert "secret" not in str(caught.value)


def test_an_at_sign_in_a_key_is_no_credential():
    assert ObjectUri.parse("s3://raw/a@b.fits").key == "a@b.fits"


def test_uris_are_ordered_by_bucket_and_key():
    assert ObjectUri("s3", "a", "2") < ObjectUri("s3", "b", "1") < ObjectUri("s3", "b", "2")
