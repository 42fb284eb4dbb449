/** What the API answers, by the names that the console uses; `schema.ts` is generated. */

import type { Citation } from "../stream/events";
import type { components } from "./schema";

type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

export type Tokens = Schema<"AccessToken">;
export type OutsideIssuer = Schema<"OutsideIssuer">;
export type Me = Schema<"Me">;

export type ApiKey = Schema<"ApiKeyRead">;
export type NewApiKey = Schema<"ApiKeyCreated">;
export type Organization = Schema<"OrganizationRead">;
/** One that can still be brought back. */
export type DeletedOrganization = Schema<"OrganizationDeleted">;
export type Invitation = Schema<"InvitationRead">;
export type NewInvitation = Schema<"InvitationCreated">;
export type InvitationPreview = Schema<"InvitationPreview">;
export type PasswordChanged = Schema<"PasswordChanged">;
export type Member = Schema<"MemberRead">;
export type OrgRole = Schema<"OrgRole">;
export type Team = Schema<"TeamRead">;
export type TeamMember = Schema<"TeamMemberRead">;
export type TeamRole = Schema<"TeamRole">;
export type ServiceAccount = Schema<"ServiceAccountRead">;
export type SettingsGroup = Schema<"Group">;
export type SettingsLevel = Schema<"Level">;
export type SettingsScope = Exclude<SettingsLevel, "deployment">;
/** What one layer says of a group. */
export type SettingsLayer = Schema<"LayerRead">;
/** What holds of a group in the end. */
export type EffectiveSettings = Schema<"EffectiveRead">;
export type EffectiveField = Schema<"FieldRead">;
export type Secret = Schema<"SecretRead">;
export interface SettingsValues {
  general: Schema<"General">;
  models: Schema<"Models">;
  retrieval: Schema<"Retrieval">;
  guardrails: Schema<"Guardrails">;
  theme: Schema<"Theme">;
  budget: Schema<"Budget">;
}
export type DeviceSession = Schema<"SessionRead">;
export type AuditEvent = Schema<"AuditEventRead">;
export type AuditVerification = Schema<"AuditVerification">;

export type Evaluation = Schema<"EvaluationRead">;
/** What the settings of an evaluation came to. */
export type Outcome = Schema<"OutcomeRead">;
/** By how much one evaluation is better than another. */
export type EvaluationComparison = Schema<"EvaluationComparisonRead">;
export type Estimate = Schema<"EstimateRead">;
export type Difference = Schema<"DifferenceRead">;
/** A way to search. */
export type Manner = Evaluation["settings"][number];

export type Agent = Schema<"AgentRead">;
/** An agent of the organisation, as its makers see it. */
export type OwnAgent = Schema<"AgentDetails">;
/** What one version of an agent holds. */
export type AgentContent = OwnAgent["content"];
export type AgentVersion = Schema<"VersionRead">;
export type AgentLabel = Schema<"Label">;
export type VersionDiff = Schema<"VersionDiff">;
export type FieldChange = Schema<"FieldChange">;
export type McpServer = Schema<"McpServerRead">;
export type McpTool = Schema<"McpToolRead">;
/** Whether one has let agents use a server in one's name. */
export type McpGrant = Schema<"McpAuthorizationRead">;
export type McpTest = Schema<"McpTestRead">;
export type Asks = Schema<"Asks">;
export type Schedule = Schema<"ScheduleRead">;
/** A job of any organisation, as platform admins see it. */
export type Job = Schema<"JobRead">;
export type JobDetails = Schema<"JobDetails">;
export type JobState = Schema<"JobState">;
/** A run of any organisation, as platform admins see it. */
export type PlatformRun = Schema<"PlatformRun">;
export type ScheduleTick = Schema<"TickRead">;
export type SchedulePreview = Schema<"Preview">;
export type Webhook = Schema<"WebhookRead">;
export type NewWebhook = Schema<"WebhookCreated">;
/** A webhook, and the secret that it has from now on. */
export type NewSecretOfWebhook = Schema<"WebhookRotated">;
export type WebhookDelivery = Schema<"WebhookDeliveryRead">;
export type WebhookEventType = Schema<"WebhookEventType">;
/** A tool that an agent can be given. */
export type GivenTool = Schema<"GivenTool">;
export type Workflow = Schema<"Workflow">;
export type Model = Schema<"ModelRead">;
export type ModelList = Schema<"ModelList">;
/** Something that works, but less well than it could. */
export type Notice = Schema<"NoticeRead">;

export type UsagePage = Schema<"UsagePage">;
/** What one group of calls has used. */
export type Usage = Schema<"UsageRead">;
export type UsageTotal = Schema<"UsageTotal">;
/** A limit, and how it stands. */
export type BudgetStanding = Schema<"BudgetRead">;

export type Conversation = Schema<"ConversationRead">;
export type ConversationTag = Schema<"TagRead">;
/** A picture, which has a width and a height, or a file. */
export type Attachment = Schema<"AttachmentRead">;
/** A message that waits while a run is at work. */
export type WaitingMessage = Schema<"WaitingRead">;
export type Message = Omit<Schema<"MessageRead">, "citations"> & { citations: Citation[] };

export type Share = Schema<"ShareRead">;
export type NewShare = Schema<"ShareCreated">;
/** What somebody with a link sees. */
export type SharedConversation = Schema<"SharedConversation">;
export type Rating = Schema<"Rating">;

/** A tool call that somebody decides about. */
export type Approval = Schema<"ApprovalRead">;
export type ApprovalState = Schema<"ApprovalState">;
export type ApprovalDecision = Schema<"ApprovalDecision">;
export type ApprovalDecided = Schema<"ApprovalDecided">;

export type Run = Schema<"RunRead">;
export type RunState = Schema<"RunState">;
/** What following a run's hash chain found. */
export type Verification = Schema<"Verification">;
export type LoggedEvent = Schema<"LogEventRead">;

export type Collection = Schema<"CollectionRead">;
export type CollectionPermissions = Schema<"CollectionPermissionsRead">;
export type DocumentPermissions = Schema<"DocumentPermissionsRead">;
export type DefaultAccess = Schema<"DefaultAccess">;
export type AccessLevel = Schema<"AccessLevel">;
/** Documents on their way in, and the run that reads them. */
export type Accepted = Schema<"Accepted">;
/** Named so because `Document` is the browser's. */
export type SourceDocument = Schema<"DocumentRead">;
export type DocumentStatus = Schema<"Status">;
export type DocumentText = Schema<"DocumentTextRead">;
/** Where a passage stands on a page. */
export type Places = Schema<"PlacesRead">;
export type SearchHit = Schema<"HitRead">;
/** How a search came to its hits, stage by stage. */
export type Explanation = Schema<"ExplanationRead">;
export type Stage = Schema<"StageRead">;
export type SearchMode = Schema<"Mode">;

/** Something that is remembered. */
export type Memory = Schema<"MemoryRead">;
export type MemoryKind = Schema<"MemoryKind">;
export type MemoryStatus = Schema<"MemoryStatus">;
