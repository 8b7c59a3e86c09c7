"""Tests of what runs inside the wall, without the wall, with the libraries that labs use there."""
