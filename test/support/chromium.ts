/** Debian's Chromium, unless the variable names another one. */
export const chromiumPath = process.env['ASSISTANTS_TEST_CHROMIUM'] ?? '/usr/bin/chromium';
