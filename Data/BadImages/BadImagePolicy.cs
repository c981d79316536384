namespace GpuCnn.Data;

/// <summary>What a run does with an image that cannot be read.</summary>
public enum BadImagePolicy
{
    /// <summary>Skip it and record it, up to <see cref="BadImages.LargestShare"/> of the images.</summary>
    Skip,

    /// <summary>Stop the run.</summary>
    Fail,
}
