// oxlint-disable-next-line import/no-unassigned-import -- it has to come first
import '../../../src/page/mcp-app/without-eval.ts';
import {
  AppBridge,
  type McpUiHostCapabilities,
  type McpUiHostContext,
  PostMessageTransport,
} from '@modelcontextprotocol/ext-apps/app-bridge';

/*
 * A host in a browser, made of the bridge that hosts use. `callTool` and `report` are functions of the
 * test; the app itself has no network.
 */

type CallTool = NonNullable<AppBridge['oncalltool']>;
type Result = Awaited<ReturnType<CallTool>>;

interface Shown {
  readonly html: string;
  readonly capabilities: McpUiHostCapabilities;
  readonly context: McpUiHostContext;
}

declare const callTool: (params: Parameters<CallTool>[0]) => Promise<Result>;
declare const report: (name: string, value: unknown) => Promise<void>;

/** Shows the app in a frame, whose height follows the app; resolves when it is ready for results. */
async function showApp({ html, capabilities, context }: Shown) {
  const frame = document.createElement('iframe');
  // Without an origin, as the strictest hosts do it.
  frame.setAttribute('sandbox', 'allow-scripts');
  frame.style.cssText = 'border: 0; width: 100%; height: 40px';
  document.body.append(frame);
  const target = frame.contentWindow;
  if (target === null) throw new Error('the frame has no window');
  const bridge = new AppBridge(null, { name: 'host', version: '1' }, capabilities, {
    hostContext: context,
  });
  const ready = new Promise<void>((resolve) => {
    bridge.oninitialized = () => resolve();
  });
  bridge.oncalltool = (params) => callTool(params);
  bridge.onsizechange = ({ height }) => {
    void report('height', height);
    if (height !== undefined) frame.style.height = `${height}px`;
  };
  bridge.onopenlink = async ({ url }) => {
    await report('link', url);
    return {};
  };
  bridge.onupdatemodelcontext = async ({ content }) => {
    await report('model', content);
    return {};
  };
  await bridge.connect(new PostMessageTransport(target, target));
  frame.srcdoc = html;
  await ready;
  return bridge;
}

let bridge: AppBridge | undefined;

Object.assign(globalThis, {
  host: {
    async show(shown: Shown, args: Record<string, unknown>) {
      bridge = await showApp(shown);
      await bridge.sendToolInput({ arguments: args });
    },
    sendResult: (result: Result) => bridge?.sendToolResult(result),
    cancel: () => bridge?.sendToolCancelled({ reason: 'test' }),
    changeContext: (context: McpUiHostContext) => bridge?.setHostContext(context),
  },
});
