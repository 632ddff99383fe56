/**
 * oscartoki: every request proves who sent exactly it, now, once; every answer proves what was read and written.
 *
 * <p>Whoever denies native access by default allows it to this module: {@code --enable-native-access=com.oscartoki}.
 */
module com.oscartoki {
    requires transitive java.net.http;
    requires static jakarta.servlet;
    requires static jdk.httpserver;
    requires static spring.beans;
    requires static spring.context;
    requires static spring.core;
    requires static spring.web;

    exports com.oscartoki;
    exports com.oscartoki.http;
    exports com.oscartoki.servlet;
    exports com.oscartoki.spring;
}
