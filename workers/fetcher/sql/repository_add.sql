with known as (
    update repository
    set keyring = $7
    where codename = $2 and suite = $3 and component = $4 and architecture = $5 and address = $6
    returning repository_id
)
insert into repository (distro, codename, suite, component, architecture, address, keyring, source)
select '', $2, $3, $4, $5, $6, $7, $1
where not exists (select from known)
