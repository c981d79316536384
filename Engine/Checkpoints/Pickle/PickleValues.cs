namespace GpuCnn.Engine.Checkpoints.Pickle;

// The values of a pickle, besides null, bool, long, double and string.

/// <summary>A module's name that the machine knows.</summary>
internal sealed record PickleGlobal(string Name);

internal sealed record PickleTuple(object?[] Items);

internal sealed class PickleList : List<object?>;

/// <summary>A dict or an OrderedDict: its pairs in the order they were set.</summary>
internal sealed class PickleDict : List<KeyValuePair<object?, object?>>;

/// <summary>Numbers stored elsewhere in the file.</summary>
/// <param name="Type">The element type's name in safetensors.</param>
internal sealed record TorchStorage(string Type, string Key, long Count);

/// <summary>A view of a storage, in elements. Its last element lies within the storage.</summary>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Size, long[] Stride)
{
    /// <summary>NumPy's limit; without one, a small file could ask for much memory.</summary>
    private const int MaxRank = 64;

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
    public static TorchTensor? TryCreate(TorchStorage storage, long offset, long[] size, long[] stride, out string fault)
    {
        fault = size.Length != stride.Length ? $"{size.Length} sizes and {stride.Length} strides"
            : size.Length > MaxRank ? $"{size.Length} dimensions"
            : offset < 0 || size.Any(s => s < 0) || stride.Any(s => s < 0) ? "a negative offset, size or stride"
            : "";
        if (fault != "") return null;
        if (size.Any(s => s > Array.MaxLength)) fault = $"{SafetensorsHeader.Describe(size)}, which is larger than an array can be";
        else if (!size.Contains(0) && !Fits(storage.Count, offset, size, stride))
            fault = $"a view of {SafetensorsHeader.Describe(size)} that goes beyond its storage of {storage.Count} values";
        return fault == "" ? new(storage, offset, size, stride) : null;
    }

    /// <summary>A view with more values than the storage has elements would repeat some, so its copy could have any size.</summary>
    private static bool Fits(long elements, long offset, long[] size, long[] stride)
    {
        elements = Math.Min(elements, offset > long.MaxValue - Array.MaxLength ? long.MaxValue : offset + Array.MaxLength);
        UInt128 count = 1, last = (UInt128)offset;
        for (int i = 0; i < size.Length; i++)
        {
            count *= (UInt128)size[i];
            // Below the limit, the products of the next iteration cannot overflow.
            if (size[i] > 1) last += (UInt128)(size[i] - 1) * (UInt128)stride[i];
            if (count > (UInt128)elements || last >= (UInt128)elements) return false;
        }
        return last < (UInt128)elements;
    }
}
