namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>Bytes of a string, still in the file.</summary>
internal sealed record PickleBytes(long Offset, int Length);

/// <summary>A NumPy array of unsigned bytes, row-major.</summary>
internal sealed class PickleArray
{
    public int[] Shape { get; set; } = [];

    public PickleBytes? Values { get; set; }
}

/// <summary>Resolves the names in a pickle of NumPy byte arrays that Python 2 wrote.</summary>
internal sealed class NumpyNames : IPickleNames
{
    private const string Reconstruct = "_reconstruct", Array = "numpy.ndarray", Type = "numpy.dtype";

    private static readonly string[] Modules = ["numpy.core.multiarray", "numpy._core.multiarray"];

    public PickleGlobal Find(string module, string name, PickleInput input)
    {
        string full = $"{module}.{name}";
        return full is Array or Type || (name == Reconstruct && Modules.Contains(module)) ? new(full)
            : throw new GpuCnnException(
                $"'{input.Path}' asks for {SafetensorsHeader.Quote(full)}, which does not belong in arrays of bytes; it was not run. "
                + "Download the file again.");
    }

    public object? Call(object? function, object? arguments, PickleInput input) => (function, arguments) switch
    {
        // The new array is empty until Build sets its state.
        (PickleGlobal { Name: var name }, PickleTuple { Items: [PickleGlobal { Name: Array }, ..] }) when name.EndsWith(Reconstruct,
            StringComparison.Ordinal) => new PickleArray(),
        (PickleGlobal { Name: Type }, PickleTuple { Items: ["u1" or "|u1", ..] }) => new PickleGlobal(Type),
        _ => throw input.Damaged("arrays of unsigned bytes", "another call"),
    };

    public void Build(object? target, object? state, PickleInput input)
    {
        // The state of a dtype holds byte order and alignment, which do not matter for bytes.
        if (target is PickleGlobal { Name: Type } && state is PickleTuple) return;
        if (target is not PickleArray { Values: null } array
            || state is not PickleTuple { Items: [long, PickleTuple shape, PickleGlobal { Name: Type }, false, PickleBytes values] }
            || !shape.Items.All(size => size is long and > 0 and <= int.MaxValue))
            throw input.Damaged("a row-major array of unsigned bytes", "another state");
        array.Shape = [.. shape.Items.Select(size => (int)(long)size!)];
        // Capped, so that the product of the sizes cannot overflow.
        long count = array.Shape.Aggregate(1L, (product, size) => product * size > int.MaxValue ? int.MaxValue : product * size);
        if (count != values.Length) throw input.Damaged($"{SafetensorsHeader.Describe([.. array.Shape.Select(size => (long)size)])} bytes",
            $"{values.Length}");
        array.Values = values;
    }
}
