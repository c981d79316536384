using System.Text.Json;
using System.Text.Json.Nodes;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Training;

/// <summary>
/// Reads the settings of runs that began before optimizer, loss and schedule were objects: their numbers stood side by side, those that
/// the run did not use among them.
/// </summary>
public static class FlatSettings
{
    private static readonly string[] OfSgd = ["momentum", "nesterov", "weightDecay", "decaysVectors", "maxFilterRms"];

    /// <summary>Turns the flat form into today's. Settings in today's form stay as they are.</summary>
    /// <exception cref="JsonException">They name a loss or a schedule that there is not.</exception>
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

    /// <summary>Keys of a member's settings. One that is not known has none; reading it reports that.</summary>
    private static IEnumerable<string> Keys<T>(IReadOnlyList<T> members, string name) where T : class, INamed =>
        members.FirstOrDefault(member => member.Name == name) is { } member
            ? Settings.Of(member.GetType()).Select(setting => JsonNamingPolicy.CamelCase.ConvertName(setting.PropertyName)) : [];
}
