using System.Text.Json;
using System.Text.Json.Nodes;

namespace GpuCnn.Reports;

/// <summary>The settings of a run as names and texts, in the order of its <c>config.json</c>.</summary>
internal static class SettingList
{
    /// <summary>Longer lists are counted.</summary>
    private const int LongestList = 8;

    /// <summary>What is there for programs, or has its own place in a report.</summary>
    private static readonly HashSet<string> LeftOut = ["validated", "trained", "imageOrder", "classes", "algorithms"];

    public static IReadOnlyList<(string Name, string Value)> Of(JsonObject? config)
    {
        List<(string, string)> settings = [];
        if (config is not null) Add(config, "");
        return settings;

        void Add(JsonObject node, string prefix)
        {
            foreach ((string name, JsonNode? value) in node)
            {
                if (prefix.Length == 0 && LeftOut.Contains(name)) continue;
                string path = prefix.Length == 0 ? name : $"{prefix} {name}";
                if (value is JsonObject inner) Add(inner, name == "settings" && prefix.Length == 0 ? "" : path);
                else if (value is not null) settings.Add((path, Text(value)));
            }
        }
    }

    private static string Text(JsonNode value) => value is JsonArray list
        ? list.Count > LongestList ? $"{list.Count} values" : string.Join(", ", list.Select(item => item is null ? "none" : Text(item)))
        : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();
}
