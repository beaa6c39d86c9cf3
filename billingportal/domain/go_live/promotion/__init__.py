"""Test to live: creates in live mode what is missing there, and links it to the plans. Changes nothing that exists."""
