"""Looking at running flowgraphs: what passes at their ports, how they stand, their knobs.

The run sends little and waits for nobody; whatever is made of it (spectra, pictures, rates) is made
here, in the process of whoever looks. ::

    from semradio.flowgraphs.control import Control
    from semradio.flowgraphs.view.feed import Feed

    with Feed(Control.find()) as feed:
        feed.tap("air.y", items=1024, per_s=30)
        while True:
            for frame in feed.poll(timeout_s=0.05):
                print(frame.index, frame.skipped, frame.array)
"""
