using System.Collections.Frozen;

namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>
/// Makes tensors and dicts of the names that a pickled state dict refers to. Everything else becomes a <see cref="PickleOpaque"/>: no other
/// code can be reached from here.
/// </summary>
internal static class TorchNames
{
    private static readonly FrozenDictionary<string, string> StorageTypes = new Dictionary<string, string>
    {
        ["torch.FloatStorage"] = "F32",
        ["torch.HalfStorage"] = "F16",
        ["torch.BFloat16Storage"] = "BF16",
        ["torch.DoubleStorage"] = "F64",
        ["torch.LongStorage"] = "I64",
        ["torch.IntStorage"] = "I32",
        ["torch.ShortStorage"] = "I16",
        ["torch.CharStorage"] = "I8",
        ["torch.ByteStorage"] = "U8",
        ["torch.BoolStorage"] = "BOOL",
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, Func<object?[], PickleInput, object?>> Functions =
        new Dictionary<string, Func<object?[], PickleInput, object?>>
        {
            ["collections.OrderedDict"] = MakeDict,
            // storage, offset, size, stride; then requires_grad, hooks and metadata.
            ["torch._utils._rebuild_tensor"] = MakeTensor,
            ["torch._utils._rebuild_tensor_v2"] = MakeTensor,
            ["torch._utils._rebuild_parameter"] = MakeParameter,
            ["torch._utils._rebuild_parameter_with_state"] = MakeParameter,
            ["torch._tensor._rebuild_from_type_v2"] = MakeSubclass,
        }.ToFrozenDictionary();

    /// <summary>Plain values that checkpoints hold beside the weights. None of them is needed, so none is made.</summary>
    private static readonly FrozenSet<string> PlainNames = new[]
    {
        "argparse.Namespace", "collections.Counter", "collections.defaultdict", "collections.deque", "_codecs.encode",
        "copyreg._reconstructor", "copy_reg._reconstructor", "decimal.Decimal", "uuid.UUID", "torch.device", "torch.Size",
    }.ToFrozenSet();

    /// <summary>Modules all of whose names that a pickle may hold are such values.</summary>
    private static readonly string[] PlainModules =
    [
        "datetime", "pathlib", "numpy", "numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric",
        "numpy.dtypes", "numpy.random._pickle", "torch.nn.functional",
    ];

    private static readonly string[] PlainTypes =
    [
        "bool", "bytearray", "bytes", "complex", "dict", "Ellipsis", "float", "frozenset", "int", "list", "long", "object", "range", "set",
        "slice", "str", "tuple", "unicode", "xrange",
    ];

    /// <summary>The types of numbers that PyTorch has: torch.float32, torch.qint8, torch.float8_e4m3fn.</summary>
    private static readonly string[] NumberTypes =
        ["bfloat", "bool", "complex", "double", "float", "half", "int", "long", "qint", "quint", "short", "uint"];

    /// <summary>Whether a name belongs to tensors or to plain values, so that there is nothing to say of it.</summary>
    public static bool IsKnown(string module, string name) => $"{module}.{name}" is var full
        && (StorageTypes.ContainsKey(full) || Functions.ContainsKey(full) || PlainNames.Contains(full) || PlainModules.Contains(module)
            || (module is "builtins" or "__builtin__" && PlainTypes.Contains(name))
            || (module == "torch" && NumberTypes.Any(type => name.StartsWith(type, StringComparison.Ordinal))));

    /// <summary>
    /// Reads what a persistent id refers to: ("storage", type, key, location, count), to which the old format adds the view's base; or
    /// ("module", class, file, source) in the old format.
    /// </summary>
    public static object? Load(object? id, PickleInput input) => id switch
    {
        PickleTuple { Items: ["storage", PickleGlobal type, string key, string, long and >= 0 and var count, .. [] or [null]] } =>
            StorageTypes.TryGetValue(type.Name, out string? known) ? new TorchStorage(known, key, count) : new PickleOpaque(type.Name),
        PickleTuple { Items: ["module", PickleGlobal module, ..] } => module,
        _ => throw input.Damaged("storages of a known type", "another reference"),
    };

    /// <summary>Makes what a call of a name gives. A name that is not in the table is not called: its object stays opaque.</summary>
    public static object? Call(object? function, object? arguments, PickleInput input) => (function, arguments) switch
    {
        (PickleGlobal { Name: var name }, PickleTuple { Items: var items }) =>
            Functions.TryGetValue(name, out var make) ? make(items, input) : new PickleOpaque(name),
        (PickleOpaque, PickleTuple) => function,
        _ => throw input.Damaged("calls of known functions", "another call"),
    };

    private static object MakeDict(object?[] arguments, PickleInput input)
    {
        var dict = new PickleDict();
        if (arguments.Length == 0) return dict;
        // Python 2's form: a list of [key, value].
        if (arguments is not [PickleList pairs]) throw input.Damaged("an OrderedDict of pairs", "something else");
        input.Charge(pairs.Count);
        foreach (object? pair in pairs)
        {
            if (pair is not PickleList { Count: 2 } items) throw input.Damaged("an OrderedDict of pairs", "something else");
            dict.Add(new(items[0], items[1]));
        }
        return dict;
    }

    private static object MakeTensor(object?[] arguments, PickleInput input)
    {
        if (arguments is [PickleOpaque other, ..]) return other;
        if (arguments is not [TorchStorage storage, long offset, PickleTuple size, PickleTuple stride, ..])
            throw input.Damaged("a tensor made of storage, offset, size and stride", "something else");
        if (size.Items.Length > TorchTensor.MaxRank || stride.Items.Length > TorchTensor.MaxRank)
            throw input.Damaged($"tensors of at most {TorchTensor.MaxRank} dimensions", $"{size.Items.Length} dimensions");
        if (!size.Items.Concat(stride.Items).All(item => item is long))
            throw input.Damaged("a tensor made of storage, offset, size and stride", "something else");
        bool isNegated = false;
        if (arguments is [_, _, _, _, _, _, PickleDict metadata, ..])
        {
            input.Charge(metadata.Count);
            isNegated = metadata.Any(pair => pair is { Key: "neg", Value: true });
        }
        return TorchTensor.TryCreate(
            storage, offset, [.. size.Items.Cast<long>()], [.. stride.Items.Cast<long>()], isNegated, out string fault)
            ?? throw input.Damaged("tensors within their storage", fault);
    }

    private static object MakeParameter(object?[] arguments, PickleInput input) =>
        arguments is [TorchTensor or PickleOpaque, ..] ? arguments[0]! : throw input.Damaged("a parameter made of a tensor",
            "something else");

    /// <summary>Makes a tensor of a subclass by its function and arguments; the class and its own attributes are left out.</summary>
    private static object? MakeSubclass(object?[] arguments, PickleInput input) =>
        arguments is [PickleGlobal { Name: not "torch._tensor._rebuild_from_type_v2" } function, _, PickleTuple made, ..]
            ? Call(function, made, input) : throw input.Damaged("a tensor made by a function", "something else");
}
