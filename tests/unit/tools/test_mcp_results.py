"""What a tool of an MCP server returns, as a model reads it."""

import mcp_types as types

from folkmoot.tools.mcp import results


def test_what_is_text_is_told_and_what_is_none_is_named() -> None:
    note = types.TextResourceContents(uri="note://1", text="A note.")
    picture = types.BlobResourceContents(uri="shot://1", blob="QQ==")
    result = types.CallToolResult(
        content=[
            types.TextContent(type="text", text="Found\u200b it."),
            types.ImageContent(type="image", data="QQ==", mime_type="image/png"),
            types.ResourceLink(type="resource_link", uri="note://2", name="Two"),
            types.EmbeddedResource(type="resource", resource=note),
            types.EmbeddedResource(type="resource", resource=picture),
        ]
    )
    assert results.text(result).splitlines() == [
        "Found it.",
        "[image, image/png, not shown]",
        "[resource note://2: Two]",
        "A note.",
        "[resource shot://1, not shown]",
    ]


def test_where_there_is_no_text_the_data_are_told() -> None:
    data = types.CallToolResult(content=[], structured_content={"found": 7})
    assert results.text(data) == '{"found":7}'
    assert results.text(types.CallToolResult(content=[])) == ""
