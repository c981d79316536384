using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Graphs;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Optimizers;

namespace GpuCnn.Engine.Plans;

/// <summary>
/// The interface between a plan and a kind of device. A plan decides what happens in which order. A backend turns that into steps of its
/// device and says which buffers each step uses. The plan then places the buffers, and the backend runs the steps.
/// </summary>
internal abstract class PlanBackend : IDisposable
{
    private readonly List<PlanBuffer> _buffers = [];
    private readonly List<PlanStep> _steps = [];
    private readonly List<PlanChoice> _choices = [];

    /// <summary>Every buffer that a step uses or that keeps its contents; the plan decides its offset.</summary>
    public IReadOnlyList<PlanBuffer> Buffers => _buffers;

    /// <summary>Steps emitted so far.</summary>
    public IReadOnlyList<PlanStep> Steps => _steps;

    public int StepCount => _steps.Count;

    /// <summary>Largest piece of the arena that is allocated at once, a multiple of <see cref="MemoryPlan.Alignment"/>.</summary>
    public virtual long SlabBytes => long.MaxValue / 2 / MemoryPlan.Alignment * MemoryPlan.Alignment;

    /// <summary>Values that are stored as a part of another value. Set before the first step.</summary>
    public IReadOnlyDictionary<Value, Slice> Slices { get; set; } = new Dictionary<Value, Slice>();

    /// <summary>Choices of algorithms in the steps emitted so far.</summary>
    public IReadOnlyList<PlanChoice> Choices => _choices;

    /// <summary>Whether the device can store this number of channels at the slice's place.</summary>
    public abstract bool CanStore(Slice slice, int channels);

    /// <summary>Makes the network's input of an uploaded batch, which is channels-last.</summary>
    public abstract void AddInput(Value input);

    public abstract void AddForward(PlanNode node);

    /// <param name="isHead">Whether to add the loss to the network's own loss, written before.</param>
    public abstract void AddLoss(ILoss loss, Head output, bool isHead, bool gradient);

    /// <param name="inputs">What to do with the gradient of each input of the node.</param>
    public abstract void AddBackward(PlanNode node, IReadOnlyList<GradientUse> inputs);

    /// <summary>Makes the gradient of the network's output one that <see cref="UploadOutputGradient"/> fills.</summary>
    public abstract void AddGivenOutputGradient();

    /// <summary>Adds the gradients to those of the update's earlier batches.</summary>
    public abstract void AddAccumulation();

    public abstract void AddUpdate(IOptimizer optimizer);

    /// <summary>Moves the averages of all parameters towards their values.</summary>
    public abstract void AddAverage(float decay);

    /// <summary>Allocates the arena and prepares the steps. Called once, before the first run.</summary>
    public abstract void Link(long arenaBytes);

    /// <summary>Creates a clock of the device, owned by the caller; null if it has none.</summary>
    public virtual StepClock? CreateClock() => null;

    /// <summary>What each kernel of each step takes of the device, as far as the device tells. Known once the plan is linked.</summary>
    public virtual IReadOnlyList<(int Step, KernelResources Kernel)> KernelResources => [];

    /// <summary>Fills the plan's inputs from a batch.</summary>
    /// <param name="first">Index of the first image in the batch.</param>
    public abstract void Upload(Batch batch, int first, in StepScalars scalars);

    /// <summary>Creates what sums the gradients over the ranks of the options. Called once the arena is allocated.</summary>
    public abstract GradientSums CreateSums(IReadOnlyList<GradientBucket> buckets);

    /// <summary>Order of the gradients that the plan computes.</summary>
    public abstract ParameterOrder UpdateOrder { get; }

    /// <summary>Fills what the accumulation and the update read.</summary>
    /// <param name="scalars">Scalars of the update, which may have several batches.</param>
    public abstract void UploadUpdate(in StepScalars scalars, in GradientPart part);

    /// <summary>Sets the gradient of the output to 1 at a class of each image, and to 0 elsewhere.</summary>
    public abstract void UploadOutputGradient(ReadOnlySpan<int> classes);

    /// <summary>
    /// Whether <see cref="Run"/> returns before its steps have run, and <see cref="UploadAhead"/> brings images to the device meanwhile.
    /// </summary>
    public virtual bool UploadsAhead => false;

    /// <summary>
    /// Begins to bring images to the device for the next <see cref="Upload"/>, beside steps that run. The batch must not change until then.
    /// </summary>
    /// <param name="first">Index of the first image in the batch.</param>
    public virtual void UploadAhead(Batch batch, int first) { }

    /// <summary>Waits until the images of <see cref="Upload"/> and <see cref="UploadAhead"/> were read: batches may change then.</summary>
    public virtual void FinishUpload() { }

    /// <summary>Most batches of an update, or evaluations, whose results may be unread at once on any device.</summary>
    public const int MostOpen = 2;

    /// <summary>
    /// Batches whose results may be unread at once on this device: 1 where <see cref="RunToLosses"/> waits for them.
    /// </summary>
    public virtual int MostPending => 1;

    /// <summary>Runs steps [first, last).</summary>
    public abstract void Run(int first, int last);

    /// <summary>Runs steps [first, last), and begins to bring losses and ranks to a slot of the host.</summary>
    /// <param name="slot">There are <see cref="MostOpen"/> for each accumulated batch.</param>
    public abstract void RunToLosses(int first, int last, int slot);

    /// <summary>Begins to bring the network's output of the last run to a slot of the host.</summary>
    /// <param name="slot">There are <see cref="MostOpen"/>.</param>
    public virtual void BeginOutput(int slot) { }

    /// <summary>Waits until all steps have run.</summary>
    public virtual void Finish() { }

    /// <summary>Reads losses and ranks of a slot, once they have come.</summary>
    public abstract void DownloadLosses(int slot, Span<float> losses, Span<int> ranks);

    /// <summary>Reads the network's output of a slot, once it has come, in the order of <see cref="DownloadValue"/>.</summary>
    public abstract void DownloadOutput(int slot, Span<float> target);

    /// <summary>Reads a value of the last run: for each image, [H, W, C] of a volume.</summary>
    public abstract void DownloadValue(Value value, Span<float> target);

    /// <summary>Reads the gradient of a value, in the order of <see cref="DownloadValue"/>.</summary>
    public abstract void DownloadGradient(Value value, Span<float> target);

    public abstract void Dispose();

    /// <param name="persistent">Whether it keeps its place and its contents through and between steps.</param>
    protected PlanBuffer NewBuffer(string name, long bytes, bool persistent = false)
    {
        var buffer = new PlanBuffer(name, bytes, persistent);
        if (persistent) _buffers.Add(buffer);
        return buffer;
    }

    /// <summary>Adds a buffer that is filled before the first step of each run, and free after the last step that uses it.</summary>
    protected PlanBuffer NewUploadedBuffer(string name, long bytes)
    {
        var buffer = new PlanBuffer(name, bytes, persistent: false) { IsUploaded = true };
        buffer.UseAt(0);
        _buffers.Add(buffer);
        return buffer;
    }

    /// <summary>Appends a step. Its buffers are in use while it runs.</summary>
    protected void AddStep(PlanStep step)
    {
        foreach (MemoryUse use in step.Uses)
        {
            if (use.Memory is not PlanBuffer buffer) continue;
            if (buffer.LastStep < 0 && !buffer.IsPersistent) _buffers.Add(buffer);
            buffer.UseAt(StepCount);
        }
        _steps.Add(step);
    }

    /// <summary>Chooses the algorithm of the next step: the one that the options name, else the rule's.</summary>
    /// <param name="rule">Choice of the device's fixed rule; need not be among the candidates.</param>
    protected TChoice Choose<TChoice>(
        string problem, TChoice rule, IReadOnlyList<TChoice> candidates, IReadOnlyDictionary<string, string>? algorithms)
        where TChoice : struct
    {
        // A name that no longer exists, from an older table, falls back to the rule.
        TChoice choice = algorithms?.GetValueOrDefault(problem) is { } named
            ? candidates.FirstOrDefault(candidate => candidate.ToString() == named, rule) : rule;
        string[] names = [.. candidates.Append(rule).Distinct().Select(candidate => candidate.ToString()!)];
        _choices.Add(new(StepCount, problem, choice.ToString()!, rule.ToString()!, names));
        return choice;
    }

    /// <summary>Assigns all steps emitted since the last choice to it.</summary>
    protected void EndChoice() => _choices[^1] = _choices[^1] with { End = StepCount };
}
