using System.Text.Json;
using System.Text.Json.Nodes;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Training;

/// <summary>
/// Reads the settings of runs from before optimizer, loss and schedule became objects: then their settings were side by side, including
/// unused ones.
/// </summary>
public static class FlatSettings
{
    private static readonly string[] OfSgd = ["momentum", "nesterov", "weightDecay", "decaysVectors", "maxFilterRms"];

    /// <summary>Converts the flat form to today's. Settings in today's form do not change.</summary>
    /// <exception cref="JsonException">The settings name an unknown loss or schedule.</exception>
    public static void Upgrade(JsonObject settings)
    {
        if (settings.ContainsKey("optimizer")) return;
        settings["optimizer"] = Take(settings, new Sgd().Name, OfSgd);
        string loss = settings["loss"] is JsonValue named ? named.GetValue<string>() : new SoftmaxCrossEntropy().Name;
        settings["loss"] = Take(settings, loss, [.. Keys(Registry<Loss>.All, loss)]);
        settings.Remove("labelSmoothing");
        if (settings["schedule"] is not JsonObject schedule) return;
        string name = schedule["name"]?.GetValue<string>() ?? new Constant().Name;
        Rename(schedule, "stepEpochs", "epochs");
        Rename(schedule, "warmupEpochs", "warmup");
        settings["schedule"] = Take(schedule, name, [.. Keys(Registry<Schedule>.All, name)]);
    }

    private static JsonObject Take(JsonObject from, string name, IEnumerable<string> keys)
    {
        var taken = new JsonObject { ["name"] = name };
        foreach (string key in keys)
            if (from.Remove(key, out JsonNode? value) && value is not null) taken[key] = value;
        return taken;
    }

    private static void Rename(JsonObject node, string from, string to)
    {
        if (node.Remove(from, out JsonNode? value)) node[to] = value;
    }

    /// <summary>Returns the keys of a member's settings. An unknown member has none; reading it reports that.</summary>
    private static IEnumerable<string> Keys<T>(IReadOnlyList<T> members, string name) where T : class, INamed =>
        members.FirstOrDefault(member => member.Name == name) is { } member
            ? Settings.Of(member.GetType()).Select(setting => JsonNamingPolicy.CamelCase.ConvertName(setting.PropertyName)) : [];
}
