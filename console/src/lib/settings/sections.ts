/** The parts of the settings area, and the permission without which a part is not offered. */

import type { IconName } from "../ui/icons";

export interface Section {
  id: string;
  label: string;
  about: string;
  icon: IconName;
  /** Absent where everybody who is signed in has something to see. */
  permission?: string;
}

export const SECTIONS: Section[] = [
  {
    id: "organization",
    label: "Organisation",
    about: "Its name, its end, and your other ones.",
    icon: "home",
    permission: "organization:read",
  },
  {
    id: "members",
    label: "Members",
    about: "Who belongs to the organisation, and invitations.",
    icon: "people",
    permission: "members:read",
  },
  {
    id: "teams",
    label: "Teams",
    about: "Who share what the others do not see.",
    icon: "ring",
    permission: "teams:read",
  },
  {
    id: "api-keys",
    label: "API keys",
    about: "For programs that act in your name.",
    icon: "key",
    permission: "api_keys:read",
  },
  {
    id: "service-accounts",
    label: "Service accounts",
    about: "Members that are programs, whoever comes and goes.",
    icon: "wrench",
    permission: "service_accounts:read",
  },
  {
    id: "sessions",
    label: "Sessions",
    about: "Your devices, and your password.",
    icon: "screen",
  },
  {
    id: "preferences",
    label: "Preferences",
    about: "What holds for the organisation, a team, and you.",
    icon: "sliders",
    permission: "settings:read",
  },
  {
    id: "memory",
    label: "Memory",
    about: "What agents remember of you, to see, change and switch off.",
    icon: "spark",
    permission: "memories:read",
  },
  {
    id: "secrets",
    label: "Secrets",
    about: "Keys and passwords that nobody reads back.",
    icon: "lock",
    permission: "secrets:read",
  },
  {
    id: "mcp-servers",
    label: "MCP servers",
    about: "Tools of other programs, for your agents.",
    icon: "plug",
    permission: "mcp_servers:read",
  },
  {
    id: "schedules",
    label: "Schedules",
    about: "Questions that are asked by the clock.",
    icon: "retry",
    permission: "schedules:read",
  },
  {
    id: "webhooks",
    label: "Webhooks",
    about: "Addresses that are told what happens.",
    icon: "send",
    permission: "webhooks:read",
  },
  {
    id: "evaluations",
    label: "Evaluations",
    about: "How well searches find what answers questions.",
    icon: "search",
    permission: "evaluations:read",
  },
  {
    id: "usage",
    label: "Usage and budgets",
    about: "What models were used for, and what that has cost.",
    icon: "chart",
    permission: "usage:read",
  },
  {
    id: "audit",
    label: "Audit",
    about: "Who did what, in a chain that shows tampering.",
    icon: "seal",
    permission: "audit:read",
  },
];

/** The parts that somebody with these permissions is shown. */
export function offered(may: (permission: string) => boolean, sections: Section[] = SECTIONS): Section[] {
  return sections.filter((section) => section.permission === undefined || may(section.permission));
}
