"""The mailing room: a letter that is written becomes an e-mail, and an e-mail goes to a mail server, each once."""
