namespace GpuCnn.Engine.Checkpoints.Pickle;

// What a pickle is made of, beside null, bool, long, double and string.

/// <summary>A name of a module that the machine knows.</summary>
internal sealed record PickleGlobal(string Name);

internal sealed record PickleTuple(object?[] Items);

internal sealed class PickleList : List<object?>;

/// <summary>A dict or an OrderedDict: the pairs as they were set.</summary>
internal sealed class PickleDict : List<KeyValuePair<object?, object?>>;

/// <summary>Numbers that lie elsewhere in the file.</summary>
/// <param name="Type">By safetensors' name.</param>
internal sealed record TorchStorage(string Type, string Key, long Count);

/// <summary>A view of a storage, in elements. Its last element lies within the storage.</summary>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Size, long[] Stride)
{
    /// <summary>NumPy's limit; a rank without limit would let a small file ask for much memory.</summary>
    private const int MaxRank = 64;

    public int Count { get; } = (int)Size.Aggregate(1L, (product, size) => product * size);

    /// <summary>Elements from the first to the last, those between included.</summary>
    public int Span { get; } = Size.Contains(0) ? 0 : (int)(1 + Size.Zip(Stride, (size, stride) => (size - 1) * stride).Sum());

    /// <summary>Whether the elements lie one after another, row-major.</summary>
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

    /// <summary>The tensor, or null and what is wrong with it.</summary>
    public static TorchTensor? TryCreate(TorchStorage storage, long offset, long[] size, long[] stride, out string fault)
    {
        fault = size.Length != stride.Length ? $"{size.Length} sizes and {stride.Length} strides"
            : size.Length > MaxRank ? $"{size.Length} dimensions"
            : offset < 0 || size.Any(s => s < 0) || stride.Any(s => s < 0) ? "a negative offset, size or stride"
            : "";
        if (fault != "") return null;
        if (size.Any(s => s > Array.MaxLength)) fault = $"{SafetensorsHeader.Describe(size)}, which is larger than an array can be";
        else if (!size.Contains(0) && !Fits(storage.Count, offset, size, stride)) fault = $"a view of {SafetensorsHeader.Describe(size)} that goes beyond its storage of {storage.Count} values";
        return fault == "" ? new(storage, offset, size, stride) : null;
    }

    /// <summary>A view of more values than there are elements would repeat some, and its copy could be of any size.</summary>
    private static bool Fits(long elements, long offset, long[] size, long[] stride)
    {
        elements = Math.Min(elements, offset > long.MaxValue - Array.MaxLength ? long.MaxValue : offset + Array.MaxLength);
        UInt128 count = 1, last = (UInt128)offset;
        for (int i = 0; i < size.Length; i++)
        {
            count *= (UInt128)size[i];
            // Below the limit the products of the next turn cannot overflow.
            if (size[i] > 1) last += (UInt128)(size[i] - 1) * (UInt128)stride[i];
            if (count > (UInt128)elements || last >= (UInt128)elements) return false;
        }
        return last < (UInt128)elements;
    }
}
