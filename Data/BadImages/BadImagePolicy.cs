namespace GpuCnn.Data;

/// <summary>What a run does with an image that cannot be read.</summary>
public enum BadImagePolicy
{
    /// <summary>Leave it out, up to <see cref="BadImages.LargestShare"/> of the images, and name it.</summary>
    Skip,

    /// <summary>Stop.</summary>
    Fail,
}
