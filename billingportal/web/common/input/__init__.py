"""Reading a browser's input: ids, text that can be stored, URL parameters, cookies."""
