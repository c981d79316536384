namespace GpuCnn.Data;

/// <summary>
/// What augmentation does to one fitted image: shown from (<see cref="ShiftX"/>, <see cref="ShiftY"/>) on, then mirrored left to right.
/// </summary>
internal struct SampleTransform
{
    public int ShiftX;
    public int ShiftY;
    public bool IsMirrored;
}
