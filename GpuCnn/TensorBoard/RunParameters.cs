using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using GpuCnn.Protobuf;
using GpuCnn.Runs;

namespace GpuCnn.TensorBoard;

/// <summary>The numbers of a run, for TensorBoard's text and for its table of hyperparameters.</summary>
internal static class RunParameters
{
    public const string StartTag = "_hparams_/session_start_info", EndTag = "_hparams_/session_end_info";

    private const string Plugin = "hparams";

    // Fields of HParamsPluginData, SessionStartInfo, a map's entry, protobuf's Value and SessionEndInfo; members of Status.
    private const int StartField = 3, EndField = 4, ParameterField = 1, TimeField = 5, KeyField = 1, ValueField = 2, NumberValue = 2,
        TextValue = 3, FlagValue = 4, StatusField = 1, EndTimeField = 2, Success = 1, Failure = 2;

    /// <summary>A run's configuration as Markdown, without the hashes of its images.</summary>
    public static ProtobufMessage Configuration(RunConfig config) =>
        Summary.Text("config", Code((config with { Validated = null, Trained = null }).ToJson()));

    /// <summary>The command that a run was begun with, as Markdown.</summary>
    public static ProtobufMessage Command(string command) => Summary.Text("command", Code(command));

    public static ProtobufMessage Start(RunConfig config)
    {
        ProtobufMessage info = new();
        foreach ((string name, ProtobufMessage value) in Values(config))
            info.Add(ParameterField, new ProtobufMessage().Add(KeyField, name).Add(ValueField, value));
        info.Add(TimeField, Now);
        return Summary.Plugin(StartTag, Plugin, new ProtobufMessage().Add(StartField, info));
    }

    public static ProtobufMessage End(bool isComplete) => Summary.Plugin(EndTag, Plugin, new ProtobufMessage().Add(EndField,
        new ProtobufMessage().Add(StatusField, isComplete ? Success : Failure).Add(EndTimeField, Now)));

    private static double Now => (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;

    private static IEnumerable<(string Name, ProtobufMessage Value)> Values(RunConfig config)
    {
        JsonObject all = new()
        {
            ["model"] = config.Model,
            ["recipe"] = config.Recipe,
            ["input"] = string.Join('x', config.Input),
            ["augmentation"] = config.Augmentation,
            ["settings"] = JsonSerializer.SerializeToNode(config.Settings, Json.Options),
        };
        return Flat("", all);
    }

    /// <summary>Members of objects by their paths; those of <c>settings</c> by their own.</summary>
    private static IEnumerable<(string, ProtobufMessage)> Flat(string prefix, JsonObject node)
    {
        foreach ((string name, JsonNode? value) in node)
        {
            string path = prefix.Length == 0 ? name : $"{prefix}.{name}";
            if (value is JsonObject inner)
                foreach ((string, ProtobufMessage) one in Flat(path == "settings" ? "" : path, inner)) yield return one;
            else if (value is not null) yield return (path, Value(value));
        }
    }

    private static ProtobufMessage Value(JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.True => new ProtobufMessage().Add(FlagValue, 1),
        JsonValueKind.False => new ProtobufMessage().Add(FlagValue, 0),
        JsonValueKind.Number => new ProtobufMessage().Add(NumberValue, double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture)),
        JsonValueKind.String => new ProtobufMessage().Add(TextValue, node.GetValue<string>()),
        _ => new ProtobufMessage().Add(TextValue, node.ToJsonString(Json.Options).ReplaceLineEndings(" ")),
    };

    /// <summary>A block of code by its indentation, which no text within can end.</summary>
    public static string Code(string text) =>
        string.Join('\n', text.TrimEnd().ReplaceLineEndings("\n").Split('\n').Select(line => $"    {line}"));
}
