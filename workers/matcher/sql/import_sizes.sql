select (select count(*) from assertion where source = $1 and retracted_at is null), (select count(*) from import_staging),
       (select revision from source where source = $1), nextval('advisory_revision')
