/**
 * oscartoki: every request proves who sent exactly it, now, once; every answer proves what was read and written.
 *
 * <p>Whoever denies native access by default allows it to this module: {@code --enable-native-access=com.oscartoki}.
 */
module com.oscartoki {
    requires transitive java.net.http;
    requires static transitive jakarta.servlet;
    requires static transitive spring.beans;
    requires static transitive spring.context;
    requires static transitive spring.core;
    requires static transitive spring.web;

    exports com.oscartoki;
    exports com.oscartoki.http;
    exports com.oscartoki.servlet;
    exports com.oscartoki.spring;
}
