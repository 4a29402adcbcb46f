import {
  type App,
  applyDocumentTheme,
  applyHostFonts,
  applyHostStyleVariables,
} from '@modelcontextprotocol/ext-apps';

/** The host that shows this app. */
export interface Host {
  /** The names of the tools that the server lists. */
  readonly tools: ReadonlySet<string>;
  readonly canCallTools: boolean;
  /** Tells the model what the person has done in the app. */
  readonly tellModel: (text: string) => Promise<void>;
}

/** The host of a connected app. */
export const hostOf = (app: App, tools: ReadonlySet<string>): Host => ({
  tools,
  canCallTools: app.getHostCapabilities()?.serverTools !== undefined,
  async tellModel(text) {
    if (app.getHostCapabilities()?.updateModelContext === undefined) return;
    // The host may refuse; what the person did is done.
    await app.updateModelContext({ content: [{ type: 'text', text }] }).catch(() => {});
  },
});

/** Gives the app the look of its host. */
export function applyStyle({
  theme,
  styles,
  safeAreaInsets,
}: ReturnType<App['getHostContext']> & object) {
  if (theme !== undefined) applyDocumentTheme(theme);
  if (styles?.variables !== undefined) applyHostStyleVariables(styles.variables);
  if (styles?.css?.fonts !== undefined) applyHostFonts(styles.css.fonts);
  if (safeAreaInsets !== undefined) {
    const { top, right, bottom, left } = safeAreaInsets;
    document.body.style.padding = `${top}px ${right}px ${bottom}px ${left}px`;
  }
}

/** Opens links through the host: a frame without permissions cannot open them. */
export function openLinks(app: App): void {
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null) return;
    event.preventDefault();
    if (app.getHostCapabilities()?.openLinks === undefined) return;
    // The host tells the person why it opens nothing.
    app.openLink({ url: link.href }).catch(() => {});
  });
}
