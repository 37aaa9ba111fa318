/* Products that no executable tells of: a runtime's own text file, or an archive whose name says
 * product and version. What a distribution's package owns is told by the package (compose.c). */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/product_table.h"
#include "inventory/readers/readers.h"

enum { TEXT_BYTES = 4096, SEARCH_FROM_MOST = 4096 };

const struct product_row product_file_rows[] = {
    {"tomcat", "RELEASE-NOTES", "Apache Tomcat Version %v"},
    {"jetty", "VERSION.txt", "jetty-%v"},
    {"spark", "RELEASE", "Spark %v built for Hadoop"},
    {"go", "VERSION", "^go%v"},
    {"erlang", "OTP_VERSION", "^%v"},
    {"firefox", "application.ini", "Name=Firefox%*\nVersion=%v"},
    {"wordpress", "wp-includes/version.php", "$wp_version = '%v'"},
    {"drupal", "core/lib/Drupal.php", "const VERSION = '%v'"},
    {"mediawiki", "includes/Defines.php", "'MW_VERSION', '%v'"},
    {"nextcloud", "version.php", "$OC_VersionString = '%v'"},
    {"sonarqube", "lib/sonar-application-%v.jar"},
    {"nifi", "lib/nifi-framework-api-%v.jar"},
    {"pulsar", "lib/org.apache.pulsar-pulsar-broker-%v.jar"},
    {"druid", "lib/druid-server-%v.jar"},
    {"jetty", "lib/jetty-server-%v.jar"},
    {"jetty", "lib/jetty-server-%v.v20%d.jar"},
    {"kafka", "libs/kafka_%d.%d-%v.jar"},
    {"elasticsearch", "lib/elasticsearch-%v.jar"},
    {"opensearch", "lib/opensearch-%v.jar"},
    {"spark", "jars/spark-core_%d.%d-%v.jar"},
    {"cassandra", "lib/apache-cassandra-%v.jar"},
    {"zookeeper", "lib/zookeeper-%v.jar"},
    {"hadoop", "share/hadoop/common/hadoop-common-%v.jar"},
    {"activemq", "lib/activemq-broker-%v.jar"},
    {"activemq-artemis", "lib/artemis-server-%v.jar"},
    {"solr", "WEB-INF/lib/solr-core-%v.jar"},
    {"flink", "lib/flink-dist-%v.jar"},
    {"flink", "lib/flink-dist_%d.%d-%v.jar"},
    {"logstash", "logstash-core/lib/jars/logstash-core.jar.%v"},
    {"hive", "lib/hive-exec-%v.jar"},
    {"hbase", "lib/hbase-server-%v.jar"},
    {"wildfly", "jboss/as/server/main/wildfly-server-%v.Final.jar"},
    {"keycloak", "lib/lib/main/org.keycloak.keycloak-core-%v.jar"},
    {"neo4j", "lib/neo4j-%v.jar"},
    {"libxml2", "libxml2.so.%w"},
    {"libxslt", "libxslt.so.%w"},
};
const size_t product_file_row_count = sizeof(product_file_rows) / sizeof(product_file_rows[0]);

/* The row's end of a path, begun at a part of it: "opt/kafka/libs/…" has "libs/…". */
static bool path_fits(const char *pattern, const char *path, struct slice *version)
{
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        struct slice text = slice_of(part);
        *version = (struct slice){0};
        if (product_match(pattern, text, version) == text.length && version->length > 0)
            return true;
    }
    return false;
}

static bool wants(const char *path)
{
    for (size_t i = 0; i < product_file_row_count; i++)
        if (product_file_rows[i].pattern && path_is_below(path, product_file_rows[i].files))
            return true;
    return false;
}

static bool text_fits(const char *pattern, struct slice text, struct slice *version)
{
    size_t most = pattern[0] == '^' ? 1 : SEARCH_FROM_MOST;
    pattern += pattern[0] == '^';
    for (size_t at = 0; at < text.length && at < most; at++) {
        *version = (struct slice){0};
        if (product_match(pattern, slice_sub(text, at, TEXT_BYTES), version) > 0)
            return true;
    }
    return false;
}

static void put(const struct product_row *row, struct slice version, const char *path,
                struct reader_sink *sink)
{
    sink_package(sink,
                 (struct component){.type = "generic",
                                    .name = row->name,
                                    .version = slice_string(sink->arena, version)},
                 path, CONFIDENCE_RECOGNISED);
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    for (size_t i = 0; i < product_file_row_count; i++) {
        const struct product_row *row = &product_file_rows[i];
        struct slice version;
        if (row->pattern && path_is_below(file->path, row->files) &&
            text_fits(row->pattern, file->bytes, &version)) {
            put(row, version, file->path, sink);
            return;
        }
    }
}

void product_path(const char *path, struct reader_sink *sink)
{
    struct slice version;
    if (!path_has_suffix(path, ".jar") && !strstr(path, ".so."))
        return;
    for (size_t i = 0; i < product_file_row_count; i++) {
        const struct product_row *row = &product_file_rows[i];
        if (row->pattern || !path_fits(row->files, path, &version))
            continue;
        sink->reader = reader_product_files.name;
        put(row, version, path, sink);
        return;
    }
}

const struct package_reader reader_product_files = {
    .name = "product-file", .wants = wants, .read = read, .most_bytes = LIMIT_SMALL_FILE_BYTES};
