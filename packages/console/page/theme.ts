/** Light or dark, as the system has it unless chosen. */
import { Store } from "./store.ts";

const themes = ["system", "light", "dark"] as const;
type Theme = (typeof themes)[number];

const key = "dsql-console-theme";

export const theme = new Store<Theme>(themes.find((one) => one === localStorage.getItem(key)) ?? "system");

export function applyTheme(): void {
  document.documentElement.dataset["theme"] = theme.value;
}

export function nextTheme(): void {
  theme.set(themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? "system");
  localStorage.setItem(key, theme.value);
  applyTheme();
}
