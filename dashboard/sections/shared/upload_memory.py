"""What visitors have uploaded, in the server's memory: it would hold that until they leave.

Alone needs parts of Streamlit that are not documented.
"""

from collections.abc import Iterable

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile as UploadedFile


def let_go(uploads: Iterable[UploadedFile]) -> None:
    """Free the memory of these uploads of the visitor."""
    context = get_script_run_ctx()
    manager = context.uploaded_file_mgr if context else None
    for upload in uploads:
        if context and isinstance(manager, MemoryUploadedFileManager):
            # As Streamlit's own chat input does.
            manager.remove_file(session_id=context.session_id, file_id=upload.file_id)
