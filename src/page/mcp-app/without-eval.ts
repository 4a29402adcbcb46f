import * as z from 'zod';

// Imported before what uses zod: else zod tries to compile code, which the policy of hosts reports.
z.config({ jitless: true });
