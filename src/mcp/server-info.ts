import type { Implementation } from '@modelcontextprotocol/server';

/** A speech bubble, 64 × 64 pixels. Within the program, because hosts may not load it from elsewhere. */
const icon =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAABAAQMAAACQp+OdAAAABlBMVEX///8QeG4ECM+vAAAAAnRSTlMA/1uRIrUAAABsSURBVHjardExDoAgDAXQageP4VHp0TiKR3BkMGAp+dVEg4P8gbyhkPBLNCpcNFGxViRFqMiKYrlhapAXcEMkrjcp9OHDHQx8Z/kChjsffLZxFeXVeZlsp0EAFJ6BA0jADmxABATA4uY/Wz8BUufMPbsCr9IAAAAASUVORK5CYII=';

/** What hosts show of this server. */
export const serverInfo = (version: string): Implementation => ({
  name: 'assistants-mcp',
  title: 'Assistants API',
  version,
  description: 'Assistants, threads, messages and runs of the OpenAI Assistants API as tools.',
  icons: [{ src: icon, mimeType: 'image/png', sizes: ['64x64'] }],
});
