select packages_digest, distro || '/' || suite || '/' || component || '/' || architecture from repository
where source = $1 and packages_digest is not null
order by suite, component, architecture, address
