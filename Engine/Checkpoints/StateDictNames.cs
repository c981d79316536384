namespace GpuCnn.Engine.Checkpoints;

/// <summary>Brings the names of a state dict to those that its network gives its parameters.</summary>
internal static class StateDictNames
{
    /// <summary>Parts of names that wrappers for several GPUs and compilers add, in front of a network or of one of its modules.</summary>
    private static readonly string[] Wrappers = ["module", "_orig_mod"];

    /// <summary>What averaging counts, and what the profiler thop leaves in every module.</summary>
    private static readonly string[] Counters = ["n_averaged", "total_ops", "total_params"];

    /// <summary>Whether a tensor is a count that no result depends on.</summary>
    public static bool IsCounter(string name) => Counters.Contains(name[(name.LastIndexOf('.') + 1)..]);

    /// <summary>Takes the wrappers' parts out of all names, unless two tensors would get one name.</summary>
    public static IReadOnlyDictionary<string, StateTensor> Unwrap(IReadOnlyDictionary<string, StateTensor> tensors)
    {
        Dictionary<string, StateTensor> plain = [];
        foreach ((string name, StateTensor tensor) in tensors)
            if (!plain.TryAdd(Unwrap(name), tensor)) return tensors;
        return plain;
    }

    private static string Unwrap(string name) => Wrappers.Any(wrapper => name.Contains(wrapper, StringComparison.Ordinal))
        ? string.Join('.', name.Split('.').Where(part => !Wrappers.Contains(part)))
        : name;
}
