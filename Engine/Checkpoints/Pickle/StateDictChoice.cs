namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>
/// Finds the dict of tensors in what a training script saved: the value itself, or a dict in it. Scripts save it beside the epoch, the
/// optimizer and the best accuracy, which may be a tensor too, and some save an averaged copy of the weights as well.
/// </summary>
internal sealed record StateDictChoice(PickleDict Dict, string? Key, IReadOnlyList<string> OtherKeys)
{
    private const int Deepest = 2, Shown = 10, LongestKey = 200;

    /// <summary>Keys of the weights that were trained, the first one first; after them the keys of averaged copies.</summary>
    private static readonly string[] Usual =
    [
        "state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params", "module",
        "model_ema", "ema", "ema_state_dict", "state_dict_ema", "params_ema",
    ];

    /// <summary>
    /// Takes the dict of a key; or without one the only dict, or of several the one with the usual key. The dicts inside a value go before
    /// the value, and those nearer to it before deeper ones. Returns null if there are no tensors by name.
    /// </summary>
    /// <param name="key">
    /// Key, or keys joined by dots. If there is no such dict, names of tensors may begin with it, so it is ignored.
    /// </param>
    /// <exception cref="SeveralStateDictsException">There are several dicts and none has a usual key.</exception>
    public static StateDictChoice? Of(object? value, string? key, string path)
    {
        if (value is not PickleDict root) return null;
        IReadOnlyList<(string Key, PickleDict Dict)>[] levels = Levels(root);
        if (key is not null && levels.SelectMany(level => level).FirstOrDefault(candidate => candidate.Key == key).Dict is { } asked)
            return new(asked, key, []);
        foreach (IReadOnlyList<(string Key, PickleDict Dict)> level in levels)
        {
            (string Key, PickleDict Dict)[] found = [.. level.Where(candidate => HasTensors(candidate.Dict))];
            if (found is [var single]) return new(single.Dict, single.Key, []);
            if (found.Length > 1)
            {
                string? usual = Usual.FirstOrDefault(name => found.Any(candidate => candidate.Key == name));
                string[] keys = [.. found.Select(candidate => candidate.Key)];
                return usual is null ? throw Several(path, key, keys)
                    : new(found.First(candidate => candidate.Key == usual).Dict, usual, [.. keys.Where(name => name != usual)]);
            }
            if (root.Any(pair => pair.Value is TorchTensor)) return new(root, null, []);
        }
        return null;
    }

    /// <summary>Describes a value in a few words.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "None",
        PickleGlobal global => SafetensorsHeader.Quote(global.Name),
        PickleOpaque opaque => $"an object of {SafetensorsHeader.Quote(opaque.Name)}",
        PickleDict => "a dict without tensors",
        PickleList or PickleTuple => "a list",
        string => "text",
        bool or long or double => "a number",
        _ => "something else",
    };

    private static SeveralStateDictsException Several(string path, string? key, string[] keys) => new(
        $"'{path}' holds several state dicts{(key is null ? "" : $" and none named {SafetensorsHeader.Quote(key)}")}: "
        + string.Join(", ", keys.Take(Shown).Select(SafetensorsHeader.Quote))
        + $"{(keys.Length > Shown ? " and more" : "")}.", [.. keys.Take(Shown)]);

    /// <summary>Lists the dicts inside a dict, level by level. A dict that a memo repeats counts once, so the work is bounded.</summary>
    private static IReadOnlyList<(string Key, PickleDict Dict)>[] Levels(PickleDict root)
    {
        HashSet<PickleDict> seen = [root];
        var levels = new IReadOnlyList<(string Key, PickleDict Dict)>[Deepest];
        IReadOnlyList<(string Key, PickleDict Dict)> level = [("", root)];
        for (int depth = 0; depth < Deepest; depth++)
        {
            List<(string Key, PickleDict Dict)> inner = [];
            foreach ((string key, PickleDict dict) in level)
                foreach ((object? name, object? item) in dict)
                    if (name is string { Length: <= LongestKey } text && item is PickleDict found && seen.Add(found))
                        inner.Add((key == "" ? text : $"{key}.{text}", found));
            levels[depth] = level = inner;
        }
        return levels;
    }

    /// <summary>Whether a dict holds tensors by name, of one dimension at least: measures are numbers.</summary>
    private static bool HasTensors(PickleDict dict) => dict.Any(pair => pair is { Key: string, Value: TorchTensor { Size.Length: > 0 } });
}
