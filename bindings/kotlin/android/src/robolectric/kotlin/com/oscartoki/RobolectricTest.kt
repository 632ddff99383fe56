package com.oscartoki

import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config

/** The same among the classes of Android 14. */
@RunWith(RobolectricTestRunner::class)
@Config(manifest = Config.NONE, sdk = [34])
class RobolectricTest : AndroidTest() {
    @Test
    fun itIsAndroid() {
        assertEquals(34, android.os.Build.VERSION.SDK_INT)
        assertEquals("0.1.0", version())
    }
}
