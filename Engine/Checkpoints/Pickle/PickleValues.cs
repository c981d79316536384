namespace GpuCnn.Engine.Checkpoints.Pickle;

// The values of a pickle, besides null, bool, long, double and string.

/// <summary>A name of a module's, such as a class or a function. It stands for itself; nothing of that name is loaded or run.</summary>
internal sealed record PickleGlobal(string Name);

/// <summary>An object that the machine does not build: all that is kept of it is the name that it was to be made with.</summary>
internal sealed record PickleOpaque(string Name);

internal sealed record PickleTuple(object?[] Items);

internal sealed class PickleList : List<object?>;

/// <summary>A dict or an OrderedDict: its pairs in the order they were set.</summary>
internal sealed class PickleDict : List<KeyValuePair<object?, object?>>;

/// <summary>Numbers stored elsewhere in the file.</summary>
/// <param name="Type">The element type's name in safetensors.</param>
internal sealed record TorchStorage(string Type, string Key, long Count);

/// <summary>A view of a storage, in elements. Its last element lies within the storage.</summary>
/// <param name="IsNegated">Whether the stored numbers have the opposite sign (PyTorch's negative bit).</param>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Size, long[] Stride, bool IsNegated)
{
    /// <summary>NumPy's limit; without one, a small file could ask for much memory.</summary>
    public const int MaxRank = 64;

    /// <summary>
    /// Most values of a view that repeats stored ones, as <c>expand</c> makes it: its copy is larger than the file, so it is bounded.
    /// </summary>
    public const int MostRepeated = 1 << 24;

    public int Count { get; } = (int)Size.Aggregate(1L, (product, size) => product * size);

    /// <summary>Elements from the first to the last, including those that the view skips.</summary>
    public int Span { get; } = Size.Contains(0) ? 0 : (int)(1 + Size.Zip(Stride, (size, stride) => (size - 1) * stride).Sum());

    /// <summary>Whether the elements are adjacent and row-major.</summary>
    public bool IsContiguous
    {
        get
        {
            long expected = 1;
            for (int i = Size.Length - 1; i >= 0; i--)
            {
                if (Size[i] != 1 && Stride[i] != expected) return false;
                expected *= Size[i];
            }
            return true;
        }
    }

    /// <summary>Returns the tensor, or null and what is wrong with it.</summary>
    public static TorchTensor? TryCreate(
        TorchStorage storage, long offset, long[] size, long[] stride, bool isNegated, out string fault)
    {
        fault = size.Length != stride.Length ? $"{size.Length} sizes and {stride.Length} strides"
            : offset < 0 || size.Any(s => s < 0) || stride.Any(s => s < 0) ? "a negative offset, size or stride"
            : size.Any(s => s > Array.MaxLength) ? $"{SafetensorsHeader.Describe(size)}, which is larger than an array can be"
            : size.Contains(0) ? ""
            : Fault(storage.Count, offset, size, stride);
        return fault == "" ? new(storage, offset, size, stride, isNegated) : null;
    }

    private static string Fault(long elements, long offset, long[] size, long[] stride)
    {
        string beyond = $"a view of {SafetensorsHeader.Describe(size)} that goes beyond its storage of {elements} values";
        long reachable = Math.Min(elements, offset > long.MaxValue - Array.MaxLength ? long.MaxValue : offset + Array.MaxLength);
        UInt128 most = (UInt128)Math.Max(Math.Min(elements, Array.MaxLength), MostRepeated), count = 1, last = (UInt128)offset;
        for (int i = 0; i < size.Length; i++)
        {
            count *= (UInt128)size[i];
            // Below the limits, the products of the next iteration cannot overflow.
            if (size[i] > 1) last += (UInt128)(size[i] - 1) * (UInt128)stride[i];
            if (last >= (UInt128)reachable) return beyond;
            if (count > most)
                return $"a view of {SafetensorsHeader.Describe(size)} that repeats the {elements} values of its storage more often than "
                    + $"in {MostRepeated} values";
        }
        return last < (UInt128)reachable ? "" : beyond;
    }
}
