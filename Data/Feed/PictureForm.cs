namespace GpuCnn.Data;

/// <summary>The form in which pictures can be kept so that they give the same result as their files.</summary>
internal enum PictureForm
{
    /// <summary>In the input's size: no random change shows another part of the picture.</summary>
    Fitted,

    /// <summary>The whole picture, scaled to a fixed shorter side: random changes select a window of it.</summary>
    Scaled,

    /// <summary>As decoded.</summary>
    Whole,
}
