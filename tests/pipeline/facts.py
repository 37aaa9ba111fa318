"""Rows as the workers before the gateway and the notifier leave them: images, packages, findings."""

import hashlib
import json


# One package of an image: judged, tier, owner, image.
PACKAGE_PUT = (
    "with g as (insert into package_group (digest, layer) values (sha256(gen_random_uuid()::text::bytea), 0) returning group_id),"
    " e as (insert into package_entry (group_id, judged_id, tier, owner) select group_id, %s, %s, %s from g)"
    " insert into image_group (image_id, group_id) select %s, group_id from g")


def digest_of(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


class Rows:
    """One managed base and application images on it, without a registry or a byte of a layer."""

    def __init__(self, system, prefix):
        self.system, self.prefix = system, prefix
        self.registry = system.value("select registry_id from registry where name = 'local'")

    def image(self, name, chain, tag=None, state="matched"):
        """chain: names of layers, bottom first."""
        digest = digest_of(self.prefix + name)
        chains = [digest_of("/".join(chain[:i + 1])) for i in range(len(chain))]
        image = self.system.value(
            "insert into image (digest, kind, media_type, config_digest, state, chain_id, complete)"
            " values (%s, 'image', 'application/vnd.oci.image.manifest.v1+json', %s, %s, digest_bytes(%s), true) returning image_id",
            (digest, digest_of("config " + self.prefix + name), state, chains[-1]))
        for position, (layer, chain_id) in enumerate(zip(chain, chains)):
            self.system.query("insert into layer (digest, state) values (%s, 'read') on conflict do nothing", (digest_of(layer),))
            self.system.query(
                "insert into image_layer (image_id, position, layer_id, chain_id)"
                " select %s, %s, layer_id, digest_bytes(%s) from layer where digest = %s", (image, position, chain_id, digest_of(layer)))
        repository, name_tag = (tag or f"{self.prefix}/{name}:1").split(":")
        self.system.query("insert into image_place (registry_id, repository, image_id) values (%s, %s, %s)",
                          (self.registry, repository, image))
        self.system.query(
            "insert into tag (registry_id, repository, name, digest) values (%s, %s, %s, %s)"
            " on conflict (registry_id, repository, name) do update set digest = excluded.digest",
            (self.registry, repository, name_tag, digest))
        self.system.query("insert into image_counter (image_id, packages) values (%s, 1)", (image,))
        return digest

    def package(self, name, version, *digests, tier="os"):
        component = self.system.value(
            "insert into component (type, name, version, source_name) values ('deb', %s, %s, %s) returning component_id",
            (self.prefix + name, version, self.prefix + name))
        judged = self.system.value(
            "insert into judged_component (component_id, context_id)"
            " select %s, context_id from context where distro = '' limit 1 returning judged_id", (component,))
        for digest in digests:
            self.system.query(
                PACKAGE_PUT, (judged, tier, None, self.system.value("select image_id from image where digest = %s", (digest,))))
        return judged

    def finding(self, judged, vulnerability, severity="high", state="fixed", fixed="2"):
        return self.system.value(
            "insert into finding (judged_id, vulnerability, family, state, fixed_version, severity, sources, revision)"
            " values (%s, %s, %s, %s, %s, %s, '{test}', 1) returning finding_id",
            (judged, vulnerability, vulnerability, state, fixed, severity))

    def patch(self, old, new, state="announced", rebase_policy="ask"):
        repository = self.system.value("select repository from tag where digest = %s", (old,))
        managed = self.system.value(
            "insert into managed_image (registry_id, repository, tag, policy, rebase_policy) values (%s, %s, '1', 'auto', %s)"
            " on conflict (registry_id, repository, tag) do update set policy = 'auto' returning managed_id",
            (self.registry, repository, rebase_policy))
        return self.system.value(
            "insert into patch (managed_id, old_digest, new_digest, number, reference, state, class, packages, fixed,"
            " remaining, plan_digest, bytes) values (%s, %s, %s, 1, 'r.example/base:1-resole.1', %s, 'automatic', %s, %s,"
            " '[]', %s, 12345) returning patch_id",
            (managed, old, new, state,
             json.dumps([{"name": "openssl", "old": "1", "new": "2"}]),
             json.dumps([{"vulnerability": "CVE-2026-1000", "severity": "critical"}]), new))

    def say(self, topic, key, value):
        """A message as another worker's outbox would publish it; the gateway, which runs, does."""
        self.system.query(
            "insert into outbox (worker, topic, message_key, ce_source, ce_id, value)"
            " values ('gateway', %s, %s, 'test', gen_random_uuid()::text, %s)", (topic, key, json.dumps(value).encode()))
