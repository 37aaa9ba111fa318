select nextval('advisory_revision')
