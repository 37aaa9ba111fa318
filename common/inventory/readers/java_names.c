#include "inventory/readers/java_names.h"

#include <string.h>

#include "base/scope.h"

/* artifact: a "*" at the end stands for anything. inside: where its classes are. */
static const struct published {
    const char *artifact, *group, *inside;
} published[] = {
    {"spring-boot*", "org.springframework.boot", "org/springframework/boot/"},
    {"spring-security*", "org.springframework.security", "org/springframework/security/"},
    {"spring-session*", "org.springframework.session", "org/springframework/session/"},
    {"spring-integration*", "org.springframework.integration", "org/springframework/integration/"},
    {"spring-kafka*", "org.springframework.kafka", "org/springframework/kafka/"},
    {"spring-rabbit*", "org.springframework.amqp", "org/springframework/amqp/"},
    {"spring-amqp", "org.springframework.amqp", "org/springframework/amqp/"},
    {"spring-graphql*", "org.springframework.graphql", "org/springframework/graphql/"},
    {"spring-aop", "org.springframework", "org/springframework/aop/"},
    {"spring-aspects", "org.springframework", "org/springframework/"},
    {"spring-beans", "org.springframework", "org/springframework/beans/"},
    {"spring-context*", "org.springframework", "org/springframework/"},
    {"spring-core", "org.springframework", "org/springframework/core/"},
    {"spring-expression", "org.springframework", "org/springframework/expression/"},
    {"spring-instrument", "org.springframework", "org/springframework/instrument/"},
    {"spring-jcl", "org.springframework", "org/apache/commons/logging/"},
    {"spring-jdbc", "org.springframework", "org/springframework/jdbc/"},
    {"spring-jms", "org.springframework", "org/springframework/jms/"},
    {"spring-messaging", "org.springframework", "org/springframework/messaging/"},
    {"spring-orm", "org.springframework", "org/springframework/orm/"},
    {"spring-oxm", "org.springframework", "org/springframework/oxm/"},
    {"spring-r2dbc", "org.springframework", "org/springframework/r2dbc/"},
    {"spring-test", "org.springframework", "org/springframework/test/"},
    {"spring-tx", "org.springframework", "org/springframework/transaction/"},
    {"spring-web", "org.springframework", "org/springframework/web/"},
    {"spring-webflux", "org.springframework", "org/springframework/web/"},
    {"spring-webmvc", "org.springframework", "org/springframework/web/"},
    {"spring-websocket", "org.springframework", "org/springframework/web/"},
    {"tomcat-embed-*", "org.apache.tomcat.embed", "org/apache/"},
    {"tomcat-annotations-api", "org.apache.tomcat", "jakarta/annotation/"},
    {"tomcat-annotations-api", "org.apache.tomcat", "javax/annotation/"},
    {"tomcat-jdbc", "org.apache.tomcat", "org/apache/tomcat/jdbc/"},
    {"kafka-*", "org.apache.kafka", "org/apache/kafka/"},
    {"kafka_*", "org.apache.kafka", "kafka/"},
    {"connect-*", "org.apache.kafka", "org/apache/kafka/connect/"},
    {"lucene-*", "org.apache.lucene", "org/apache/lucene/"},
    {"elasticsearch*", "org.elasticsearch", "org/elasticsearch/"},
    {"opensearch*", "org.opensearch", "org/opensearch/"},
    {"reactor-core", "io.projectreactor", "reactor/core/"},
    {"reactor-netty*", "io.projectreactor.netty", "reactor/netty/"},
    {"micrometer-*", "io.micrometer", "io/micrometer/"},
    {"grpc-*", "io.grpc", "io/grpc/"},
    {"opentelemetry-*", "io.opentelemetry", "io/opentelemetry/"},
    {"rxjava", "io.reactivex.rxjava3", "io/reactivex/rxjava3/"},
    {"rxjava", "io.reactivex.rxjava2", "io/reactivex/"},
    {"okhttp*", "com.squareup.okhttp3", "okhttp3/"},
    {"okio*", "com.squareup.okio", "okio/"},
    {"retrofit", "com.squareup.retrofit2", "retrofit2/"},
    {"kotlin-*", "org.jetbrains.kotlin", "kotlin/"},
    {"kotlinx-*", "org.jetbrains.kotlinx", "kotlinx/"},
    {"scala-library", "org.scala-lang", "scala/"},
    {"asm", "org.ow2.asm", "org/objectweb/asm/"},
    {"asm-*", "org.ow2.asm", "org/objectweb/asm/"},
    {"lz4-java", "org.lz4", "net/jpountz/"},
    {"checker-qual", "org.checkerframework", "org/checkerframework/"},
    {"bcprov-*", "org.bouncycastle", "org/bouncycastle/"},
    {"bcpkix-*", "org.bouncycastle", "org/bouncycastle/"},
    {"bcutil-*", "org.bouncycastle", "org/bouncycastle/"},
    {"bcpg-*", "org.bouncycastle", "org/bouncycastle/"},
    {"bctls-*", "org.bouncycastle", "org/bouncycastle/"},
    {"bcmail-*", "org.bouncycastle", "org/bouncycastle/"},
    {"bc-fips", "org.bouncycastle", "org/bouncycastle/"},
    {"postgresql", "org.postgresql", "org/postgresql/"},
    {"mysql-connector-java", "mysql", "com/mysql/"},
    {"mysql-connector-j", "com.mysql", "com/mysql/"},
    {"ojdbc*", "com.oracle.database.jdbc", "oracle/jdbc/"},
    {"h2", "com.h2database", "org/h2/"},
    {"hsqldb", "org.hsqldb", "org/hsqldb/"},
    {"derby*", "org.apache.derby", "org/apache/derby/"},
    {"quartz", "org.quartz-scheduler", "org/quartz/"},
    {"c3p0", "com.mchange", "com/mchange/"},
    {"ant", "org.apache.ant", "org/apache/tools/ant/"},
    {"xalan", "xalan", "org/apache/xalan/"},
    {"xercesImpl", "xerces", "org/apache/xerces/"},
    {"log4j", "log4j", "org/apache/log4j/"},
    {"junit", "junit", "org/junit/"},
    {"commons-beanutils", "commons-beanutils", "org/apache/commons/beanutils/"},
    {"commons-codec", "commons-codec", "org/apache/commons/codec/"},
    {"commons-collections", "commons-collections", "org/apache/commons/collections/"},
    {"commons-fileupload", "commons-fileupload", "org/apache/commons/fileupload/"},
    {"commons-lang", "commons-lang", "org/apache/commons/lang/"},
    {"commons-logging", "commons-logging", "org/apache/commons/logging/"},
};

static bool is_artifact(const char *artifact, const char *pattern)
{
    size_t length = strlen(pattern);
    if (pattern[length - 1] != '*')
        return strcmp(artifact, pattern) == 0;
    return strncmp(artifact, pattern, length - 1) == 0;
}

static bool holds_classes(const struct zip *zip, const char *inside)
{
    size_t length = strlen(inside);
    for (size_t i = 0; i < zip->count; i++)
        if (strncmp(zip->entries[i].name, inside, length) == 0)
            return true;
    return false;
}

const char *java_published_group(const struct zip *zip, const char *artifact)
{
    for (size_t i = 0; i < array_count(published); i++)
        if (is_artifact(artifact, published[i].artifact) && holds_classes(zip, published[i].inside))
            return published[i].group;
    return "";
}
