// Written by schema.mjs.
export interface components {
    schemas: {
        Accepted: {
            document_ids: string[];
            documents: components["schemas"]["DocumentRead"][];
            existing?: string[];
            run_id: string;
        };
        AccessLevel: "read" | "edit";
        AccessToken: {
            access_token: string;
            expires_in: number;
            token_type: "bearer";
        };
        AgentCapabilities: {
            custom: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            execution: components["schemas"]["ExecutionPart"];
            humanInTheLoop: components["schemas"]["InterruptsPart"];
            identity: components["schemas"]["IdentityPart"];
            multiAgent: components["schemas"]["MultiAgentPart"];
            output: components["schemas"]["OutputPart"];
            reasoning: components["schemas"]["ReasoningPart"];
            state: components["schemas"]["StatePart"];
            tools: components["schemas"]["ToolsPart"];
            transport: components["schemas"]["TransportPart"];
        };
        AgentContent: {
            approve_always: string[];
            approve_never: string[];
            client_tools: string[];
            collection_ids: string[];
            context_policy: components["schemas"]["ContextPolicy"];
            context_tokens?: number | null;
            max_output_tokens?: number | null;
            mcp_tools: string[];
            model?: string | null;
            most_answers: number;
            most_seconds?: number | null;
            most_tool_calls: number;
            on_active_run: components["schemas"]["OnActiveRun"];
            output_schema?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            response_cache?: components["schemas"]["ResponseCache"] | null;
            subagent_depth: number;
            subagents: components["schemas"]["SubagentContent"][];
            system_prompt: string;
            temperature?: number | null;
            tools: string[];
            workflows: components["schemas"]["Workflow"][];
        };
        AgentDetails: {
            content: components["schemas"]["AgentContent"];
            created_at: string;
            created_by: string;
            description: string;
            id: string;
            labels: {
                [key: string]: number;
            };
            latest: number;
            name: string;
            slug: string;
            updated_at: string;
        };
        AgentRead: {
            available: boolean;
            capabilities: components["schemas"]["AgentCapabilities"];
            description: string;
            id: string;
            name: string;
            origin: components["schemas"]["Origin"];
            slug: string;
            unavailable_because: string | null;
            version: number | null;
            workflows: components["schemas"]["Workflow"][];
        };
        ApiKeyCreated: {
            created_at: string;
            expires_at: string | null;
            id: string;
            key: string;
            last_used_at: string | null;
            name: string;
            prefix: string;
            scopes: string[] | null;
            user_id: string;
        };
        ApiKeyRead: {
            created_at: string;
            expires_at: string | null;
            id: string;
            last_used_at: string | null;
            name: string;
            prefix: string;
            scopes: string[] | null;
            user_id: string;
        };
        ApprovalDecided: {
            approvers: components["schemas"]["Approvers"];
            arguments: {
                [key: string]: unknown;
            };
            asked_by: string | null;
            call_id: string;
            continued_by: string | null;
            conversation_id: string;
            created_at: string;
            decided_at: string | null;
            decided_by: string | null;
            description: string;
            edited: {
                [key: string]: unknown;
            } | null;
            expires_at: string;
            id: string;
            parameters: {
                [key: string]: unknown;
            };
            path: string[];
            reason: string | null;
            remembered: boolean;
            requester_id: string;
            run_id: string;
            state: components["schemas"]["ApprovalState"];
            tool: string;
            why: string;
        };
        ApprovalDecision: {
            arguments?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            decision: components["schemas"]["Verdict"];
            reason?: string | null;
            remember: boolean;
        } & ({
            arguments: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            decision?: "edit";
        } | {
            arguments?: null;
            decision?: "approve" | "reject";
        });
        ApprovalRead: {
            approvers: components["schemas"]["Approvers"];
            arguments: {
                [key: string]: unknown;
            };
            asked_by: string | null;
            call_id: string;
            conversation_id: string;
            created_at: string;
            decided_at: string | null;
            decided_by: string | null;
            description: string;
            edited: {
                [key: string]: unknown;
            } | null;
            expires_at: string;
            id: string;
            parameters: {
                [key: string]: unknown;
            };
            path: string[];
            reason: string | null;
            remembered: boolean;
            requester_id: string;
            run_id: string;
            state: components["schemas"]["ApprovalState"];
            tool: string;
            why: string;
        };
        ApprovalState: "pending" | "approved" | "rejected" | "expired" | "withdrawn";
        Approvers: "requester" | "approvers" | "others";
        Asks: "never" | "after_untrusted" | "always";
        AttachmentRead: {
            height?: number | null;
            id: string;
            media_type: string;
            name: string;
            size: number;
            width?: number | null;
        };
        AuditEventRead: {
            action: string;
            actor_id: string | null;
            after: {
                [key: string]: unknown;
            } | null;
            api_key_id: string | null;
            at: string;
            before: {
                [key: string]: unknown;
            } | null;
            client_address: string | null;
            erased: boolean;
            hash: string;
            request_id: string | null;
            seq: number;
            target: components["schemas"]["AuditTarget"] | null;
        };
        AuditTarget: {
            id: string;
            type: string;
        };
        AuditVerification: {
            broken_at: number | null;
            erased: number;
            events: number;
            head: string;
            intact: boolean;
            reason: string | null;
            truncated: number;
        };
        Auth: "none" | "secret" | "oauth";
        BackgroundRun: {
            agent_id: string;
            collection_ids: string[];
            conversation_id?: string | null;
            input: string;
            model?: string | null;
            workflow?: string | null;
        };
        BoundRead: {
            by: components["schemas"]["Level"];
            level: components["schemas"]["Level"];
            limit: components["schemas"]["JsonValue"];
        };
        BoxRead: {
            bottom: number;
            left: number;
            right: number;
            top: number;
        };
        Budget: {
            daily_calls?: number | null;
            limits?: string[] | null;
            monthly_limit_usd?: number | null;
            soft_warning_percent?: number | null;
        };
        BudgetRead: {
            agent: string | null;
            amount: number;
            id: string;
            left: number | null;
            level: components["schemas"]["Level"];
            limit: string;
            per: components["schemas"]["Per"] | null;
            period: components["schemas"]["Period"];
            reserved: number | null;
            resets_at: string | null;
            spent: number | null;
            starts_at: string | null;
            state: components["schemas"]["BudgetState"] | null;
            team_id: string | null;
            unit: "micro_usd" | "tokens" | "calls";
            user_id: string | null;
            warn_at: number;
        };
        BudgetState: "ok" | "warning" | "exceeded";
        CandidateRead: {
            dense?: number | null;
            document_id: string;
            lexical?: number | null;
            ordinal: number;
            rank: number;
            rerank?: number | null;
            score: number;
        };
        CatchUp: "once" | "skip";
        Circuit: "closed" | "open" | "half_open";
        CollectionPermissionsRead: {
            collection_id: string;
            default_access: components["schemas"]["DefaultAccess"];
            grants: components["schemas"]["GrantRead"][];
            may_change: boolean;
            name: string;
            owner_id: string | null;
            scope: components["schemas"]["Scope"];
            team_id: string | null;
        };
        CollectionRead: {
            created_at: string;
            created_by: string;
            default_access: components["schemas"]["DefaultAccess"];
            description: string | null;
            documents: number;
            id: string;
            may_edit: boolean;
            may_read: boolean;
            may_share: boolean;
            name: string;
            pending_documents: number;
            scope: components["schemas"]["Scope"];
            team_id: string | null;
            updated_at: string;
        };
        ColorScheme: "auto" | "light" | "dark";
        ComparisonRead: {
            mrr: components["schemas"]["DifferenceRead"];
            ndcg: components["schemas"]["DifferenceRead"];
            recall: components["schemas"]["DifferenceRead"];
            setting: number;
        };
        "Condition-Output": {
            above?: number | string | null;
            all?: components["schemas"]["Condition-Output"][] | null;
            any?: components["schemas"]["Condition-Output"][] | null;
            any_of?: (boolean | number | string)[] | null;
            at_least?: number | string | null;
            at_most?: number | string | null;
            below?: number | string | null;
            equals?: boolean | number | string | null;
            exists?: boolean | null;
            field?: string | null;
            not?: components["schemas"]["Condition-Output"] | null;
        } & ({
            field: string;
        } | {
            all: unknown[];
        } | {
            any: unknown[];
        } | {
            not: Record<string, never>;
        });
        ContextPolicy: "trim" | "summarize";
        ConversationRead: {
            active_run_id: string | null;
            created_at: string;
            deleted_at: string | null;
            id: string;
            restorable_until?: string | null;
            snippet?: string | null;
            tags: string[];
            title: string;
            updated_at: string;
        };
        DefaultAccess: "edit" | "read" | "none";
        DeliveryState: "pending" | "delivered" | "failed";
        DifferenceRead: {
            high: number;
            low: number;
            mean: number;
            p: number;
        };
        DifferencesRead: {
            mrr: components["schemas"]["DifferenceRead"];
            ndcg: components["schemas"]["DifferenceRead"];
            recall: components["schemas"]["DifferenceRead"];
        };
        DocumentPermissionsRead: {
            collection_id: string;
            document_id: string;
            may_change: boolean;
            readers: components["schemas"]["ReaderRead"][] | null;
            title: string;
        };
        DocumentRead: {
            bytes: number;
            chunks: number | null;
            collection_id: string;
            created_at: string;
            created_by: string;
            deleted_at: string | null;
            error: string | null;
            external_id: string | null;
            fetched_at: string | null;
            filename: string | null;
            id: string;
            language: string | null;
            media_type: string | null;
            metadata: {
                [key: string]: unknown;
            };
            pages: number | null;
            progress: components["schemas"]["Progress"] | null;
            restricted: boolean;
            run_id: string;
            source_url: string | null;
            status: components["schemas"]["Status"];
            title: string;
            updated_at: string;
        };
        DocumentTextRead: {
            document_id: string;
            pages: components["schemas"]["PageRead"][];
            text: string;
            title: string;
        };
        EffectiveRead: {
            fields: {
                [key: string]: components["schemas"]["FieldRead"];
            };
            group: components["schemas"]["Group"];
            team_id: string | null;
        };
        Ended: "gone" | "failing";
        EstimateRead: {
            high: number;
            low: number;
            mean: number;
        };
        EvaluationComparisonRead: {
            difference: components["schemas"]["DifferencesRead"];
            evaluation_id: string;
            k: number;
            one: components["schemas"]["MeasuresRead"];
            other: components["schemas"]["MeasuresRead"];
            other_id: string;
            other_setting: number;
            queries: number;
            resamples: number;
            setting: number;
        };
        EvaluationRead: {
            collection_id: string;
            created_at: string;
            error: components["schemas"]["RunError"] | null;
            id: string;
            k: number;
            missing: number;
            name: string;
            outcome: components["schemas"]["OutcomeRead"] | null;
            queries: number;
            run_id: string;
            set_id: string;
            settings: components["schemas"]["Manner-Output"][];
            state: components["schemas"]["RunState"];
        };
        ExecutionPart: {
            codeExecution: boolean;
            maxIterations: number;
        };
        Expansion: "none" | "neighbours" | "section";
        ExplanationRead: {
            filters: components["schemas"]["Filters-Output"] | null;
            hits: components["schemas"]["HitRead"][];
            language: string;
            milliseconds: number;
            mode: components["schemas"]["Mode"];
            query: string;
            stages: components["schemas"]["StageRead"][];
            terms: components["schemas"]["TermRead"][];
        };
        FieldChange: {
            after: components["schemas"]["JsonValue"];
            before: components["schemas"]["JsonValue"];
            field: string;
            lines: string[] | null;
        };
        FieldRead: {
            bounds: components["schemas"]["BoundRead"][];
            cut: components["schemas"]["LockRead"][];
            locked: boolean;
            locks: components["schemas"]["LockRead"][];
            source: components["schemas"]["Level"];
            value: components["schemas"]["JsonValue"];
        };
        "Filters-Output": {
            document_ids?: string[] | null;
            external_ids?: string[] | null;
            metadata?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            where?: components["schemas"]["Condition-Output"] | null;
        };
        General: {
            conversation_days?: number | null;
            default_agent?: string | null;
            language?: string | null;
            memory?: components["schemas"]["MemoryUse"] | null;
            memory_days?: number | null;
            memory_strategy?: components["schemas"]["MemoryStrategy"] | null;
            memory_untrusted?: boolean | null;
            system_prompt_extra?: string | null;
            time_zone?: string | null;
        };
        GivenTool: {
            description: string;
            name: string;
            writes: boolean;
        };
        GrantRead: {
            level: components["schemas"]["AccessLevel"];
            name: string | null;
            team_id: string | null;
            user_id: string | null;
        };
        Group: "general" | "models" | "retrieval" | "guardrails" | "theme" | "budget";
        Guardrails: {
            allowed_tools?: string[] | null;
            approval_hours?: number | null;
            approve_always?: string[] | null;
            approve_never?: string[] | null;
            approvers?: components["schemas"]["Approvers"] | null;
            denied_tools?: string[] | null;
            fetch_hosts?: string[] | null;
            redact_pii?: boolean | null;
        };
        HitRead: {
            chunk_id: string;
            collection_id: string;
            document_id: string;
            end: number;
            external_id: string | null;
            page: number | null;
            pages: components["schemas"]["PageRead"][];
            score: number;
            section: string | null;
            start: number;
            text: string;
            title: string;
        };
        IdentityPart: {
            description: string;
            name: string;
            provider: string;
            type: string;
            version: string;
        };
        InterruptsPart: {
            approvals: boolean;
            approveWithEdits: boolean;
            interrupts: boolean;
            supported: boolean;
        };
        InvitationCreated: {
            created_at: string;
            email: string | null;
            expires_at: string;
            id: string;
            invited_by: string;
            link: string;
            role: components["schemas"]["OrgRole"];
            teams: components["schemas"]["InvitedTeam"][];
            token: string;
        };
        InvitationPreview: {
            email: string | null;
            expires_at: string;
            invited_by: string;
            organization_name: string;
            role: components["schemas"]["OrgRole"];
        };
        InvitationRead: {
            created_at: string;
            email: string | null;
            expires_at: string;
            id: string;
            invited_by: string;
            role: components["schemas"]["OrgRole"];
            teams: components["schemas"]["InvitedTeam"][];
        };
        InvitedTeam: {
            role: components["schemas"]["TeamRole"];
            team_id: string;
        };
        JobDetails: {
            about: {
                [key: string]: string;
            };
            attempts: number;
            due_at: string | null;
            error: string | null;
            failed_at: string | null;
            id: number;
            kind: string;
            location: string | null;
            organization_id: string | null;
            queue: string;
            state: components["schemas"]["JobState"];
        };
        JobRead: {
            attempts: number;
            due_at: string | null;
            error: string | null;
            failed_at: string | null;
            id: number;
            kind: string;
            organization_id: string | null;
            state: components["schemas"]["JobState"];
        };
        JobState: "waiting" | "running" | "dead";
        JsonValue: unknown;
        Kind: "person" | "service";
        Label: "production" | "staging";
        LayerRead: {
            allow_team_override: boolean | null;
            allow_user_override: boolean | null;
            group: components["schemas"]["Group"];
            scope: components["schemas"]["Level"];
            team_id: string | null;
            updated_at: string | null;
            values: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            version: number;
        };
        Level: "deployment" | "organization" | "team" | "user";
        LockRead: {
            by: components["schemas"]["Level"];
            level: components["schemas"]["Level"];
        };
        LogEventRead: {
            at: string;
            hash: string;
            payload: {
                [key: string]: unknown;
            } | null;
            seq: number;
            type: string;
        };
        "Manner-Output": {
            date_field?: string | null;
            expand?: components["schemas"]["Expansion"] | null;
            filters?: components["schemas"]["Filters-Output"] | null;
            half_life_days?: number | null;
            mmr?: number | null;
            mode: components["schemas"]["Mode"];
            rerank: boolean;
            reword: boolean;
        };
        McpAuthorizationRead: {
            authorized: boolean;
            authorized_at: string | null;
            expires_at: string | null;
            issuer: string | null;
            scope: string | null;
        };
        McpProblem: {
            code: string;
            detail: string;
        };
        McpPromptRead: {
            description: string;
            name: string;
        };
        McpResourceRead: {
            media_type: string | null;
            name: string;
            uri: string;
        };
        McpServerAbout: {
            name?: string | null;
            protocol?: string | null;
            version?: string | null;
        };
        McpServerRead: {
            about: components["schemas"]["McpServerAbout"];
            auth: components["schemas"]["Auth"];
            command: string | null;
            created_at: string;
            created_by: string;
            enabled: boolean;
            error: string | null;
            header: string;
            id: string;
            listed_at: string | null;
            name: string;
            scope: components["schemas"]["Scope"];
            secret: string | null;
            team_id: string | null;
            timeout_seconds: number;
            transport: components["schemas"]["Transport"];
            updated_at: string;
            url: string | null;
        };
        McpTestRead: {
            about: components["schemas"]["McpServerAbout"];
            added: string[];
            changed: string[];
            left_out: number;
            milliseconds: number;
            ok: boolean;
            problem: components["schemas"]["McpProblem"] | null;
            prompts: components["schemas"]["McpPromptRead"][];
            resources: components["schemas"]["McpResourceRead"][];
            tools: number;
        };
        McpToolBefore: {
            description: string;
            hints: components["schemas"]["McpToolHints"];
            parameters: {
                [key: string]: unknown;
            };
        };
        McpToolHints: {
            destructive?: boolean | null;
            idempotent?: boolean | null;
            open_world?: boolean | null;
            read_only?: boolean | null;
        };
        McpToolRead: {
            approval: components["schemas"]["Asks"] | null;
            asks: components["schemas"]["Asks"];
            before: components["schemas"]["McpToolBefore"] | null;
            changed: boolean;
            description: string;
            enabled: boolean;
            fingerprint: string;
            hints: components["schemas"]["McpToolHints"];
            listed: boolean;
            name: string;
            offered_as: string;
            parameters: {
                [key: string]: unknown;
            };
        };
        Me: {
            email: string | null;
            id: string;
            name: string;
            organization_id: string;
            organizations: components["schemas"]["OrganizationRead"][];
            permissions: string[];
            platform_admin: boolean;
            team_id: string | null;
            teams: components["schemas"]["TeamPlace"][];
        };
        MeasuresRead: {
            mrr: components["schemas"]["EstimateRead"];
            ndcg: components["schemas"]["EstimateRead"];
            recall: components["schemas"]["EstimateRead"];
        };
        MemberRead: {
            created_at: string;
            email: string | null;
            ends_at: string | null;
            kind: components["schemas"]["Kind"];
            name: string;
            role: components["schemas"]["OrgRole"];
            user_id: string;
        };
        MemoryKind: "fact" | "preference" | "goal";
        MemoryOrigin: "hand" | "conversation";
        MemoryRead: {
            confidence: number;
            conversation_id: string | null;
            created_at: string;
            id: string;
            kind: components["schemas"]["MemoryKind"];
            message_id: string | null;
            origin: components["schemas"]["MemoryOrigin"];
            run_id: string | null;
            scope: components["schemas"]["Scope"];
            team_id: string | null;
            text: string;
            untrusted: boolean;
            updated_at: string;
            used_at: string | null;
            valid_until: string | null;
        };
        MemoryReading: "on" | "off" | "no_model" | "not_allowed" | "not_installed";
        MemoryStatus: {
            memories: number;
            memory: components["schemas"]["MemoryUse"];
            model: string | null;
            most: number;
            reading: components["schemas"]["MemoryReading"];
            strategy: components["schemas"]["MemoryStrategy"];
            untrusted: boolean;
            waiting_turns: number;
        };
        MemoryStrategy: "own" | "langmem";
        MemoryUse: "off" | "full" | "always";
        MessageRead: {
            attachments: components["schemas"]["AttachmentRead"][];
            children: string[];
            citations: {
                [key: string]: unknown;
            }[];
            content: string;
            created_at: string;
            cut: boolean;
            id: string;
            parent_id: string | null;
            rating: components["schemas"]["Rating"] | null;
            role: string;
            run_id: string | null;
            siblings: string[];
            tool_call_id: string | null;
            tool_calls: {
                [key: string]: unknown;
            }[];
        };
        Mode: "hybrid" | "dense" | "lexical";
        ModelList: {
            items: components["schemas"]["ModelRead"][];
            next_cursor: string | null;
            notices: components["schemas"]["NoticeRead"][];
            providers: components["schemas"]["ProviderRead"][];
        };
        ModelRead: {
            capabilities: string[];
            error: string | null;
            healthy: boolean;
            is_default: boolean;
            kind: "chat" | "embedding" | "rerank";
            name: string;
            provider: string;
        };
        Models: {
            allowed_models?: string[] | null;
            collapse_requests?: boolean | null;
            default_model?: string | null;
            fallback_models?: string[] | null;
            max_output_tokens?: number | null;
            memory_model?: string | null;
            response_cache?: components["schemas"]["ResponseCache"] | null;
            response_cache_minutes?: number | null;
            response_cache_similarity?: number | null;
            temperature?: number | null;
        };
        MultiAgentPart: {
            delegation: boolean;
            handoffs: boolean;
            subagents: components["schemas"]["SubagentPart"][];
            supported: boolean;
        };
        NoticeRead: {
            code: string;
            text: string;
        };
        OnActiveRun: "refuse" | "queue" | "steer";
        OrganizationDeleted: {
            deleted_at: string;
            id: string;
            name: string;
            restorable_until: string;
        };
        OrganizationRead: {
            id: string;
            name: string;
            role: components["schemas"]["OrgRole"];
        };
        OrgRole: "owner" | "admin" | "member";
        Origin: "built_in" | "package" | "organization";
        Outcome: "waiting" | "started" | "finished" | "failed" | "cancelled" | "refused" | "skipped" | "missed";
        OutcomeRead: {
            comparisons: components["schemas"]["ComparisonRead"][];
            resamples: number;
            settings: components["schemas"]["SettingRead"][];
        };
        OutputPart: {
            structuredOutput: boolean;
            supportedMimeTypes: string[];
        };
        OutsideIssuer: {
            label: string;
            name: string;
        };
        Overlap: "skip" | "queue";
        PageRead: {
            end: number;
            page: number;
            start: number;
        };
        PasswordChanged: {
            access_token: string;
            expires_in: number;
            refresh_token: string | null;
            token_type: "bearer";
        };
        Pause: "asked" | "failures" | "place" | "broken";
        Per: "team" | "user" | "run" | "agent";
        Period: "day" | "month" | "total";
        PlacesRead: {
            boxes: components["schemas"]["BoxRead"][];
            height: number;
            page: number;
            width: number;
        };
        PlatformRun: {
            agent: string | null;
            attempt: number;
            created_at: string;
            deaths: number;
            error_code: string | null;
            finished_at: string | null;
            id: string;
            kind: string;
            organization: string;
            organization_id: string;
            process: string | null;
            process_id: string | null;
            started_at: string | null;
            state: components["schemas"]["RunState"];
            user_id: string;
        };
        Preview: {
            explained: string;
            next_runs: string[];
        };
        Progress: {
            done: number;
            stage: string;
            total: number;
        };
        ProviderRead: {
            checked_at: string;
            circuit: components["schemas"]["Circuit"];
            error: string | null;
            healthy: boolean;
            own_key: boolean;
            provider: string;
        };
        Rating: "good" | "bad";
        ReaderRead: {
            name: string | null;
            team_id: string | null;
            user_id: string | null;
        };
        ReasoningPart: {
            streaming: boolean;
            supported: boolean;
        };
        Reranking: "chat" | "endpoint" | "cross_encoder";
        ResponseCache: "off" | "exact" | "semantic";
        Retrieval: {
            chunk_overlap?: number | null;
            chunk_size?: number | null;
            date_field?: string | null;
            expand?: components["schemas"]["Expansion"] | null;
            half_life_days?: number | null;
            k?: number | null;
            mmr?: number | null;
            mode?: components["schemas"]["SearchMode"] | null;
            rerank_candidates?: number | null;
            rerank_model?: string | null;
            rerank_seconds?: number | null;
            rerank_strategy?: components["schemas"]["Reranking"] | null;
            reword_model?: string | null;
            reword_seconds?: number | null;
            wordings?: number | null;
        };
        RunError: {
            code: string;
            detail: string;
        };
        RunRead: {
            agent: string | null;
            attempt: number;
            client_id: string;
            conversation_id: string | null;
            created_at: string;
            error: components["schemas"]["RunError"] | null;
            events: number | null;
            finished_at: string | null;
            head: string | null;
            id: string;
            input: {
                [key: string]: unknown;
            };
            kind: string;
            parent_call_id: string | null;
            parent_run_id: string | null;
            started_at: string | null;
            state: components["schemas"]["RunState"];
            usage: {
                [key: string]: unknown;
            }[];
        };
        RunState: "queued" | "running" | "finished" | "interrupted" | "cancelled" | "failed";
        ScheduleRead: {
            broken: string | null;
            catch_up: components["schemas"]["CatchUp"];
            created_at: string;
            cron: string;
            explained: string;
            failures: number;
            id: string;
            most_failures: number | null;
            name: string;
            next_run_at: string | null;
            next_runs: string[];
            overlap: components["schemas"]["Overlap"];
            paused: components["schemas"]["Pause"] | null;
            run: components["schemas"]["BackgroundRun"];
            time_zone: string;
            updated_at: string;
            user_id: string;
        };
        Scope: "organization" | "team" | "user";
        SearchMode: "hybrid" | "dense" | "lexical";
        SecretRead: {
            created_at: string;
            id: string;
            name: string;
            scope: components["schemas"]["Scope"];
            team_id: string | null;
            updated_at: string;
            version: number;
        };
        ServiceAccountRead: {
            created_at: string;
            disabled: boolean;
            id: string;
            name: string;
            role: components["schemas"]["OrgRole"];
        };
        SessionRead: {
            address: string | null;
            created_at: string;
            current: boolean;
            expires_at: string;
            id: string;
            last_used_at: string;
            user_agent: string | null;
        };
        SettingRead: {
            degraded: number;
            mrr: components["schemas"]["EstimateRead"];
            ndcg: components["schemas"]["EstimateRead"];
            recall: components["schemas"]["EstimateRead"];
        };
        ShareCreated: {
            created_at: string;
            expires_at: string;
            id: string;
            revoked_at: string | null;
            title: string;
            token: string;
            url: string;
        };
        SharedConversation: {
            messages: components["schemas"]["SharedMessage"][];
            next_cursor: string | null;
            shared_at: string;
            title: string;
        };
        SharedMessage: {
            attachments: components["schemas"]["AttachmentRead"][];
            content: string;
            cut: boolean;
            role: "user" | "assistant";
        };
        ShareRead: {
            created_at: string;
            expires_at: string;
            id: string;
            revoked_at: string | null;
            title: string;
        };
        StageRead: {
            candidates: components["schemas"]["CandidateRead"][];
            facts: {
                [key: string]: unknown;
            };
            milliseconds: number;
            name: "filter" | "lexical" | "dense" | "rewording" | "fusion" | "decay" | "rerank" | "mmr" | "expansion";
            skipped?: string | null;
        };
        StatePart: {
            deltas: boolean;
            memory: boolean;
            persistentState: boolean;
            snapshots: boolean;
        };
        Status: "queued" | "processing" | "ready" | "failed" | "cancelled";
        SubagentContent: {
            agent: string;
            description?: string | null;
            label?: components["schemas"]["Label"] | null;
        };
        SubagentPart: {
            description?: string | null;
            name: string;
        };
        TagRead: {
            conversations: number;
            name: string;
        };
        TeamMemberRead: {
            created_at: string;
            email: string | null;
            kind: components["schemas"]["Kind"];
            name: string;
            role: components["schemas"]["TeamRole"];
            user_id: string;
        };
        TeamPlace: {
            id: string;
            name: string;
            role: components["schemas"]["TeamRole"];
        };
        TeamRead: {
            created_at: string;
            id: string;
            name: string;
            role: components["schemas"]["TeamRole"] | null;
        };
        TeamRole: "admin" | "member" | "viewer";
        TermRead: {
            chunks: number;
            term: string;
            weight: number;
        };
        Theme: {
            accent?: string | null;
            color_scheme?: components["schemas"]["ColorScheme"] | null;
            logo?: string | null;
            logo_url?: string | null;
            name?: string | null;
        };
        TickRead: {
            by_hand: boolean;
            due_at: string;
            error_code: string | null;
            id: string;
            outcome: components["schemas"]["Outcome"];
            run_id: string | null;
        };
        ToolPart: {
            description: string;
            name: string;
            parameters: {
                [key: string]: components["schemas"]["JsonValue"];
            };
        };
        ToolsPart: {
            clientProvided: boolean;
            items: components["schemas"]["ToolPart"][];
            parallelCalls: boolean;
            supported: boolean;
        };
        Transport: "http" | "sse" | "stdio";
        TransportPart: {
            resumable: boolean;
            streaming: boolean;
        };
        UsagePage: {
            currency: "USD";
            items: components["schemas"]["UsageRead"][];
            next_cursor: string | null;
            since: string;
            time_zone: string;
            total: components["schemas"]["UsageTotal"];
            until: string;
        };
        UsageRead: {
            agent?: string | null;
            cached_answers: number;
            cached_input_tokens: number;
            calls: number;
            conversation_id?: string | null;
            day?: string | null;
            estimated_calls: number;
            id: string;
            input_tokens: number;
            micro_usd: number;
            model?: string | null;
            month?: string | null;
            operation?: string | null;
            output_tokens: number;
            provider?: string | null;
            reasoning_tokens: number;
            run_id?: string | null;
            team_id?: string | null;
            unpriced_calls: number;
            user_id?: string | null;
        };
        UsageTotal: {
            cached_answers: number;
            cached_input_tokens: number;
            calls: number;
            estimated_calls: number;
            input_tokens: number;
            micro_usd: number;
            output_tokens: number;
            reasoning_tokens: number;
            unpriced_calls: number;
        };
        Verdict: "approve" | "edit" | "reject";
        Verification: {
            broken_at: number | null;
            erased: number;
            events: number;
            head: string;
            intact: boolean;
            reason: string | null;
            run_id: string;
        };
        VersionDiff: {
            after: number;
            before: number;
            changes: components["schemas"]["FieldChange"][];
        };
        VersionRead: {
            content: components["schemas"]["AgentContent"];
            created_at: string;
            created_by: string;
            labels: components["schemas"]["Label"][];
            note: string;
            number: number;
        };
        WaitingRead: {
            attachments: components["schemas"]["AttachmentRead"][];
            content: string;
            created_at: string;
            message_id: string;
            on_active_run: components["schemas"]["OnActiveRun"];
            run_id: string;
        };
        WebhookAttempt: {
            at: string;
            error: string | null;
            status: number | null;
        };
        WebhookCreated: {
            created_at: string;
            description: string;
            enabled: boolean;
            ended: components["schemas"]["Ended"] | null;
            events: string[];
            failing_since: string | null;
            id: string;
            previous_until: string | null;
            secret: string;
            updated_at: string;
            url: string;
        };
        WebhookDeliveryRead: {
            attempts: components["schemas"]["WebhookAttempt"][];
            created_at: string;
            event_id: string;
            finished_at: string | null;
            id: string;
            next_attempt_at: string | null;
            state: components["schemas"]["DeliveryState"];
            type: string;
        };
        WebhookEventType: {
            description: string;
            example: {
                [key: string]: unknown;
            };
            name: string;
        };
        WebhookRead: {
            created_at: string;
            description: string;
            enabled: boolean;
            ended: components["schemas"]["Ended"] | null;
            events: string[];
            failing_since: string | null;
            id: string;
            previous_until: string | null;
            updated_at: string;
            url: string;
        };
        WebhookRotated: {
            created_at: string;
            description: string;
            enabled: boolean;
            ended: components["schemas"]["Ended"] | null;
            events: string[];
            failing_since: string | null;
            id: string;
            previous_until: string | null;
            secret: string;
            updated_at: string;
            url: string;
        };
        Workflow: "plain" | "rag" | "tools" | "full";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
