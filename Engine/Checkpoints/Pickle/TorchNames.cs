using System.Collections.Frozen;

namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>Resolves the names that a pickled state dict refers to. No other code can be reached from here.</summary>
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
            // storage, offset, size, stride; then requires_grad, hooks and metadata, which do not affect the numbers.
            ["torch._utils._rebuild_tensor"] = MakeTensor,
            ["torch._utils._rebuild_tensor_v2"] = MakeTensor,
            ["torch._utils._rebuild_parameter"] = static (arguments, input) =>
                arguments is [TorchTensor tensor, ..] ? tensor : throw input.Damaged("a parameter made of a tensor", "something else"),
        }.ToFrozenDictionary();

    /// <exception cref="GpuCnnException">The name does not belong in a state dict.</exception>
    public static PickleGlobal Find(string module, string name, PickleInput input)
    {
        string full = $"{module}.{name}";
        return StorageTypes.ContainsKey(full) || Functions.ContainsKey(full)
            ? new(full)
            : throw new GpuCnnException(
                $"'{input.Path}' asks for {SafetensorsHeader.Quote(full)}, which does not belong in a state dict; it was not run. "
                + "Save only the weights: torch.save(model.state_dict(), FILE).");
    }

    /// <summary>
    /// Reads a storage from its persistent id: ("storage", type, key, location, count). The old format adds the view's base.
    /// </summary>
    public static TorchStorage Storage(object? id, PickleInput input)
    {
        if (id is PickleTuple { Items: ["storage", PickleGlobal type, string key, string, long and >= 0 and var count, .. [] or [null]] }
            && StorageTypes.TryGetValue(type.Name, out string? known))
            return new(known, key, count);
        throw input.Damaged("storages of a known type", "another reference");
    }

    public static object? Call(object? function, object? arguments, PickleInput input) =>
        function is PickleGlobal global && arguments is PickleTuple tuple && Functions.TryGetValue(global.Name, out var make)
            ? make(tuple.Items, input)
            : throw input.Damaged("calls of known functions", "another call");

    private static PickleDict MakeDict(object?[] arguments, PickleInput input)
    {
        var dict = new PickleDict();
        if (arguments.Length == 0) return dict;
        // Python 2's form: a list of [key, value].
        if (arguments is not [PickleList pairs]) throw input.Damaged("an OrderedDict of pairs", "something else");
        foreach (object? pair in pairs)
        {
            if (pair is not PickleList { Count: 2 } items) throw input.Damaged("an OrderedDict of pairs", "something else");
            dict.Add(new(items[0], items[1]));
        }
        return dict;
    }

    private static TorchTensor MakeTensor(object?[] arguments, PickleInput input)
    {
        if (arguments is not [TorchStorage storage, long offset, PickleTuple size, PickleTuple stride, ..]
            || !size.Items.Concat(stride.Items).All(item => item is long))
            throw input.Damaged("a tensor made of storage, offset, size and stride", "something else");
        return TorchTensor.TryCreate(storage, offset, [.. size.Items.Cast<long>()], [.. stride.Items.Cast<long>()], out string fault)
            ?? throw input.Damaged("tensors within their storage", fault);
    }
}
